package printable

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"":                                       "",
		"chaîne d'ancre":                         "chaîne d'ancre",
		"clear \x1b[2J, bell \a, line\r\n, \x7f": "clear  [2J, bell  , line  ,  ",
		"C1 \u009b2J":                            "C1  2J",
		"reversed \u202eabc":                     "reversed  abc",
		"no-break\u00a0space":                    "no-break space",
		"line\u2028separator":                    "line separator",
		"broken \xff":                            "broken \ufffd",
	} {
		require.Equal(t, want, Text(in), "%q", in)
	}
}
