package notify

import "github.com/bookiji/simcity/simcity"

// The names by which SIMCITY_REPORT knows the publishers of this package.
func init() {
	simcity.RegisterPublisher("issue", func(resolved string) (simcity.Publisher, error) {
		return Issues(IssueConfig{Resolved: resolved})
	})
	simcity.RegisterPublisher("webhook", func(argument string) (simcity.Publisher, error) {
		if argument != "" { // which may be the secret itself
			return nil, &simcity.FieldError{Field: "webhook", Value: "given an argument", Allowed: "no argument", Fix: "write webhook alone, and put the address into " + EnvWebhook}
		}
		return Webhook(WebhookConfig{})
	})
}
