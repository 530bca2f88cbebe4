package flags

import (
	"errors"
	"fmt"

	"github.com/spf13/pflag"

	"halfmeg/cmd/edge/internal/config"
	"halfmeg/cmd/edge/internal/decision"
	"halfmeg/cmd/edge/internal/webhook"
)

// WebhookTokenVariable is the environment variable for the webhooks' token.
const WebhookTokenVariable = "HALFMEG_WEBHOOK_TOKEN"

// Webhook are the flags for webhooks.
type Webhook struct {
	URLs, Headers []string
	TokenFile     string
	Title, Text   string
	On            string // a type of event, or "both"
	Pictures      bool
}

// onBoth sends every event.
const onBoth = "both"

// Add defines the flags. Addresses and headers are plain strings that webhook.New checks:
// an error of flag parsing would quote the value, which may contain a password.
func (w *Webhook) Add(flags *pflag.FlagSet) {
	flags.StringArrayVar(&w.URLs, "webhook", nil, "send each event to this `address`, http or https; may be given several times")
	flags.StringArrayVar(&w.Headers, "webhook-header", nil, "add a `header` to each request, such as 'Priority: high'; may be given several times")
	config.MarkSecretAddress(flags, "webhook")
	config.MarkSecret(flags, "webhook-header")
	flags.StringVar(&w.TokenFile, "webhook-token-file", "", "`file` with a bearer token, sent to each webhook; or set "+WebhookTokenVariable)
	config.MarkSecretFile(flags, "webhook-token-file", WebhookTokenVariable)
	flags.StringVar(&w.Title, "webhook-title", "", "send a message for people in the format of ntfy, with this `title`, instead of JSON; it may contain "+webhook.Placeholders())
	flags.StringVar(&w.Text, "webhook-text", "", "`text` of the message, such as '$name at $time'")
	flags.StringVar(&w.On, "webhook-on", onBoth, "`type` of events to send: appeared, gone or both")
	flags.BoolVar(&w.Pictures, "webhook-snapshot", false, "send a picture with each event of type appeared")
}

// Configs returns a configuration for each webhook.
func (w *Webhook) Configs() ([]webhook.Config, error) {
	if len(w.URLs) == 0 {
		if len(w.Headers) > 0 || w.TokenFile != "" || w.Title != "" || w.Text != "" || w.Pictures {
			return nil, errors.New("the flags --webhook-… need --webhook with an address")
		}
		return nil, nil
	}
	var types []string
	switch w.On {
	case onBoth:
	case decision.Appeared, decision.Gone:
		types = []string{w.On}
	default:
		return nil, fmt.Errorf("--webhook-on %q: expected appeared, gone or both", w.On)
	}
	token, err := secret(w.TokenFile, WebhookTokenVariable)
	if err != nil {
		return nil, fmt.Errorf("--webhook-token-file: %w", err)
	}
	var list []webhook.Config
	for _, u := range w.URLs {
		list = append(list, webhook.Config{
			URL: u, Headers: w.Headers, Token: token, Title: w.Title, Text: w.Text, Types: types, Pictures: w.Pictures,
		})
	}
	return list, nil
}
