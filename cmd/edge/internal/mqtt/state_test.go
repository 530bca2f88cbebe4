package mqtt

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"halfmeg/cmd/edge/internal/decision"
	"halfmeg/cmd/edge/internal/pipeline"
	"halfmeg/model/classify"
)

func TestLimiter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var sent []string
		l := limiter{interval: time.Second, send: func(p []byte) {
			sent = append(sent, string(p)+" "+time.Since(start).String())
		}}
		put := func(text string) { l.put([]byte(text)) }
		put("a")
		time.Sleep(100 * time.Millisecond)
		put("b")
		put("c")
		time.Sleep(2 * time.Second)
		put("d")
		time.Sleep(500 * time.Millisecond)
		put("e")
		l.flush()
		l.flush()
		time.Sleep(5 * time.Second)
		require.Equal(t, []string{"a 0s", "c 1s", "d 2.1s", "e 2.6s"}, sent)
	})
}

func TestState(t *testing.T) {
	text := func(o *pipeline.Observation) string {
		payload, err := json.Marshal(stateOf(o))
		require.NoError(t, err)
		return string(payload)
	}
	results := []classify.Class{{Label: "tench, Tinca tinca", Probability: 0.25}}
	require.JSONEq(t, `{"name":"tench","label":"tench, Tinca tinca","group":false,"probability":0.25,"on":false}`,
		text(&pipeline.Observation{Results: results}))
	require.JSONEq(t, `{"name":null,"label":"","group":false,"probability":0,"on":false}`,
		text(&pipeline.Observation{Results: results, Answers: []decision.Answer{}}), "no class is allowed")
	require.JSONEq(t, `{"name":"dog","label":"","group":true,"probability":0.988,"on":true}`,
		text(&pipeline.Observation{Results: results, Answers: []decision.Answer{{Name: "dog", Group: true, Probability: 0.98765, On: true}}}))
	foreign := text(&pipeline.Observation{Answers: []decision.Answer{{Name: "<b>\n\xff" + strings.Repeat("x", 1000)}}})
	require.Less(t, len(foreign), 300, "Home Assistant rejects a state of more than 255 characters")
	require.NotContains(t, foreign, "<")
}

func TestDiffers(t *testing.T) {
	cat, dog := "cat", "dog"
	s := state{Name: &cat, Probability: 0.5}
	require.False(t, s.differs(s))
	require.False(t, s.differs(state{Name: &cat, Probability: 0.54}))
	require.True(t, s.differs(state{Name: &cat, Probability: 0.56}))
	require.True(t, s.differs(state{Name: &dog, Probability: 0.5}))
	require.True(t, s.differs(state{Name: &cat, Probability: 0.5, On: true}))
	require.True(t, s.differs(state{}))
	require.False(t, state{}.differs(state{Probability: 1}))
}
