package flags

import (
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"halfmeg/cmd/edge/internal/webhook"
)

func parseWebhook(t *testing.T, args ...string) ([]webhook.Config, error) {
	t.Helper()
	var w Webhook
	set := pflag.NewFlagSet("test", pflag.ContinueOnError)
	w.Add(set)
	require.NoError(t, set.Parse(args))
	return w.Configs()
}

func TestWebhook(t *testing.T) {
	list, err := parseWebhook(t)
	require.NoError(t, err)
	require.Empty(t, list)

	t.Setenv(WebhookTokenVariable, "from environment")
	list, err = parseWebhook(t, "--webhook", "http://a/x,y", "--webhook", "http://b", "--webhook-header", "A: b, c", "--webhook-header", "D: e",
		"--webhook-title", "$name", "--webhook-text", "$time", "--webhook-on", "gone", "--webhook-snapshot")
	require.NoError(t, err)
	want := webhook.Config{
		URL: "http://a/x,y", Headers: []string{"A: b, c", "D: e"}, Token: "from environment",
		Title: "$name", Text: "$time", Types: []string{"gone"}, Pictures: true,
	}
	require.Equal(t, want, list[0])
	want.URL = "http://b"
	require.Equal(t, want, list[1])

	list, err = parseWebhook(t, "--webhook", "http://a")
	require.NoError(t, err)
	require.Empty(t, list[0].Types, "all")
	_, err = parseWebhook(t, "--webhook-text", "x")
	require.ErrorContains(t, err, "need --webhook")
	_, err = parseWebhook(t, "--webhook", "http://a", "--webhook-on", "never")
	require.ErrorContains(t, err, `--webhook-on "never": expected appeared, gone or both`)
	_, err = parseWebhook(t, "--webhook", "http://a", "--webhook-token-file", "no-such-file")
	require.ErrorContains(t, err, "--webhook-token-file: open no-such-file")
}
