package booking_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/examples/booking"
)

const webhookSecret = "sesame"

// paid tells the webhook what the provider would.
func (c *city) paid(event booking.PaymentEvent) answer {
	return c.send("", "POST", "/api/payments/webhook", event, "Webhook-Secret", webhookSecret)
}

// settled is how many charges and cents the metrics count as settled.
func (c *city) settled() [2]int {
	c.t.Helper()
	return [2]int{c.metric("payments_settled_total"), c.metric("payments_settled_cents_total")}
}

func TestTheWebhookSettlesAChargeOnce(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{WebhookSecret: webhookSecret}, func(t *testing.T, city *city) {
		shop, ann := city.shop("v-1", "UTC"), city.customer("ann")
		b := ann.requested("v-1", shop.massage, monday(9, 0))
		event := booking.PaymentEvent{Event: "ev_1", Booking: b.ID, Charge: "ch_1", Cents: 100, Kind: booking.KindCharge}
		require.JSONEq(t, `{"settled":"ch_1"}`, city.paid(event).is(200).body)
		again := city.paid(event).is(200)
		require.JSONEq(t, `{"settled":"ch_1"}`, again.body)
		require.Equal(t, "true", again.header.Get("Idempotency-Replayed"))
		require.Equal(t, [2]int{1, 100}, city.settled())
		require.Equal(t, 100, city.metric("ledger_charged_cents_total"), "settling charges nobody")
		event.Cents = 50
		city.paid(event).refused(422, "key_reused")
	})
}

func TestTheWebhookIsForTheProvider(t *testing.T) {
	t.Parallel()
	event := booking.PaymentEvent{Event: "ev_1", Booking: "bk_1", Charge: "ch_1", Cents: 100, Kind: booking.KindCharge}
	city := setup(t, booking.Config{WebhookSecret: webhookSecret})
	city.send("", "POST", "/api/payments/webhook", event).refused(403, "forbidden")
	city.send("", "POST", "/api/payments/webhook", event, "Webhook-Secret", "simsim").refused(403, "forbidden")
	closed := setup(t, booking.Config{})
	closed.send("", "POST", "/api/payments/webhook", event, "Webhook-Secret", "").refused(403, "forbidden")
}

func TestTheWebhookKnowsTheLedger(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{WebhookSecret: webhookSecret}, func(t *testing.T, city *city) {
		shop, ann := city.shop("v-1", "UTC"), city.customer("ann")
		b := ann.requested("v-1", shop.massage, monday(9, 0))
		refuses := func(change func(*booking.PaymentEvent), status int, code string) {
			t.Helper()
			event := booking.PaymentEvent{Event: "ev_1", Booking: b.ID, Charge: "ch_1", Cents: 100, Kind: booking.KindCharge}
			change(&event)
			city.paid(event).refused(status, code)
		}
		refuses(func(e *booking.PaymentEvent) { e.Event = "" }, 400, "bad_request")
		refuses(func(e *booking.PaymentEvent) { e.Kind = booking.KindRefund }, 400, "bad_request")
		refuses(func(e *booking.PaymentEvent) { e.Cents = 99 }, 400, "bad_request")
		refuses(func(e *booking.PaymentEvent) { e.Charge = "ch_2" }, 404, "not_found")
		refuses(func(e *booking.PaymentEvent) { e.Booking = "bk_2" }, 404, "not_found")
		require.Equal(t, [2]int{0, 0}, city.settled())
	})
}

// transport is an http.RoundTripper as a function.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// delivered builds a city whose provider posts to its own webhook, over a line
// that meddles with each delivery.
func delivered(t *testing.T, meddle func(try int, send func() *http.Response) (*http.Response, error)) (c *city, tries *atomic.Int64) {
	t.Helper()
	tries = new(atomic.Int64)
	line := transport(func(r *http.Request) (*http.Response, error) {
		return meddle(int(tries.Add(1)), func() *http.Response {
			w := httptest.NewRecorder()
			c.app.ServeHTTP(w, r)
			return w.Result()
		})
	})
	c = setup(t, booking.Config{
		WebhookSecret: webhookSecret, WebhookURL: "http://app/api/payments/webhook",
		WebhookClient: &http.Client{Transport: line},
	})
	return c, tries
}

func TestTheProviderTellsTheWebhookALittleLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		city, tries := delivered(t, func(_ int, send func() *http.Response) (*http.Response, error) { return send(), nil })
		shop, ann, bob := city.shop("v-1", "UTC"), city.customer("ann"), city.customer("bob")
		ann.requested("v-1", shop.massage, monday(9, 0))
		bob.requested("v-1", shop.massage, monday(10, 0))
		time.Sleep(2 * time.Second)
		require.Zero(t, tries.Load())
		time.Sleep(time.Second)
		require.Equal(t, [2]int{2, 200}, city.settled())
		ann.confirm(ann.held("v-1", shop.massage, monday(11, 0))).is(200)
		time.Sleep(time.Hour)
		require.Equal(t, [2]int{3, 300}, city.settled())
		require.EqualValues(t, 3, tries.Load())
	})
}

func TestTheProviderTellsAgainWhatWasNotHeard(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		city, tries := delivered(t, func(try int, send func() *http.Response) (*http.Response, error) {
			switch try {
			case 1:
				return nil, errors.New("the line is dead")
			case 2:
				send() // and the answer is lost
				return nil, errors.New("the line is dead")
			}
			return send(), nil
		})
		shop, ann := city.shop("v-1", "UTC"), city.customer("ann")
		ann.requested("v-1", shop.massage, monday(9, 0))
		time.Sleep(time.Hour)
		require.EqualValues(t, 3, tries.Load())
		require.Equal(t, [2]int{1, 100}, city.settled())
		require.Equal(t, 100, city.metric("ledger_charged_cents_total"))
	})
}

func TestTheProviderGivesUpInTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		city, tries := delivered(t, func(int, func() *http.Response) (*http.Response, error) {
			return nil, errors.New("the line is dead")
		})
		shop, ann := city.shop("v-1", "UTC"), city.customer("ann")
		ann.requested("v-1", shop.massage, monday(9, 0))
		time.Sleep(24 * time.Hour)
		require.EqualValues(t, 5, tries.Load())
		require.Equal(t, [2]int{0, 0}, city.settled())
	})
}

// till is a payment provider of a test.
type till struct {
	approves bool
	fails    error
	captured []booking.Entry
}

func (p *till) Authorize(context.Context, string) (bool, error) { return p.approves, p.fails }

func (p *till) Capture(_ context.Context, charge booking.Entry) error {
	p.captured = append(p.captured, charge)
	return p.fails
}

func TestConfirmingAsksTheProvider(t *testing.T) {
	t.Parallel()
	provider := &till{}
	bubble(t, booking.Config{Payments: provider}, func(t *testing.T, city *city) {
		shop, ann := city.shop("v-1", "UTC"), city.customer("ann")
		b := ann.held("v-1", shop.massage, monday(9, 0))
		ann.confirm(b).refused(402, "payment_declined")
		provider.fails = errors.New("out of order")
		ann.confirm(b).refused(500, "internal")
		require.Empty(t, provider.captured)
		provider.approves, provider.fails = true, nil
		for range 2 { // the second is a repetition
			ann.act(b, "confirm", body{"paymentToken": "tok_good"}, "Idempotency-Key", "k").is(200)
		}
		ann.confirm(b).refused(409, "wrong_state")
		require.Equal(t, []booking.Entry{{
			ID: "ch_1", At: time.Now().UTC(), Booking: b.ID, Customer: ann.UserID, Vendor: "v-1",
			Kind: booking.KindCharge, Cents: 100,
		}}, provider.captured)
	})
}
