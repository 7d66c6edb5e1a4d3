package notify_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/report/notify"
)

// An alert goes to whatever takes messages in Slack's shape.
func ExampleWebhook() {
	channel := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Method, r.Header.Get("Content-Type"))
	}))
	defer channel.Close()
	dir, err := os.MkdirTemp("", "alerts")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)

	webhook, err := notify.Webhook(notify.WebhookConfig{URL: notify.Secret(channel.URL), Dir: dir})
	if err != nil {
		fmt.Println(err)
		return
	}
	failed := simcity.Report{Test: "TestSimCityBaseline", Result: &simcity.Result{
		Verdict: simcity.Fail, Scenario: "baseline", Seed: 7, Reasons: []string{"zero_double_bookings: got two holders, want one"},
	}}
	fmt.Println(webhook.Publish(context.Background(), failed)) // in a test: simcity.New(...).Publish(webhook).Run(t)
	// Output:
	// POST application/json
	// <nil>
}
