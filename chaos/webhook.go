package chaos

import (
	"net/http"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// WebhookTwice delivers a payment provider's webhooks twice, which all of them
// promise to do now and then: [DuplicateDelivery] of POST requests. It counts
// the requests.
type WebhookTwice struct {
	// Path of the webhook, such as /api/webhooks/payments. Required.
	Path string `json:"path" required:"true" doc:"path of the webhook"`
	// Delay of the second delivery. Default 0: both are under way at once.
	Delay time.Duration `json:"delayMs" range:"0..86400000" unit:"ms" doc:"how much later the second delivery comes"`
}

// Fault implements [Maker].
func (f WebhookTwice) Fault() simcity.Fault {
	twice := DuplicateDelivery{
		Match:  Match{Method: http.MethodPost, PathPrefix: f.Path, Share: 1},
		Answer: FirstAnswer, Delay: f.Delay,
	}
	return twice.named("WEBHOOK_TWICE", &f)
}

// WebhookLate delivers a payment provider's webhooks late: [Latency] of POST
// requests. The provider waits for the answer meanwhile. It counts the requests.
type WebhookLate struct {
	// Path of the webhook, such as /api/webhooks/payments. Required.
	Path string `json:"path" required:"true" doc:"path of the webhook"`
	// Delay of the delivery. Default 10 minutes.
	Delay time.Duration `json:"delayMs" default:"600000" range:">0..86400000" unit:"ms" doc:"how late the delivery comes"`
}

// Fault implements [Maker].
func (f WebhookLate) Fault() simcity.Fault {
	fault := Declare("WEBHOOK_LATE", &f)
	late := Latency{
		Match: Match{Method: http.MethodPost, PathPrefix: f.Path, Share: 1},
		Delay: Delay{Distribution: Constant, Typical: f.Delay, Max: f.Delay},
		When:  Before,
	}
	fault.Inject = late.strike(fault.Kind, late.answer)
	return fault
}
