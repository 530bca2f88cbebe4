package debian

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseDepends(t *testing.T) {
	require.Equal(t, []string{"linux-headers-6.1.0-9-common", "linux-kbuild-6.1", "gcc", "clang"}, parseDepends(
		"linux-headers-6.1.0-9-arm64\n"+
			"  Depends: linux-headers-6.1.0-9-common\n"+
			"  Depends: linux-kbuild-6.1\n"+
			" |Depends: gcc\n"+
			"  Depends: clang\n"+
			"  PreDepends: dpkg\n"+
			"  Suggests: fdutils\n"))
	require.Empty(t, parseDepends(""))
}
