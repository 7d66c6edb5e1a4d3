package booking

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Payments is the payment provider as the app uses it. Confirming asks it to
// authorize the payment, writes the charge into the ledger and then, once, has
// it captured. That the money came is told later, by the webhook.
type Payments interface {
	// Authorize tells whether a charge to this token would be good. No money
	// moves. An error is trouble, not a refusal.
	Authorize(ctx context.Context, token string) (approved bool, err error)

	// Capture takes the money of a charge that is in the ledger.
	Capture(ctx context.Context, charge Entry) error
}

// PaymentEvent is what the provider tells the webhook. The provider may tell it
// more than once.
type PaymentEvent struct {
	Event   string `json:"event"` // id, the same each time
	Booking string `json:"booking"`
	Charge  string `json:"charge"` // id of the ledger entry
	Cents   int    `json:"cents"`
	Kind    Kind   `json:"kind"`
}

// secretHeader carries the secret that the provider shares with the app.
const secretHeader = "Webhook-Secret"

// How the provider in this process tells what it did. The delay is off its
// round figure so that a delivery shares its instant with nobody.
const (
	deliveryDelay = 2*time.Second + 31
	deliveryAgain = 30*time.Second + 37
	deliveriesMax = 5    // per event
	queueMax      = 1024 // events that wait; one more is lost
)

// provider is the Payments in this process. It approves every token but
// declinedToken, and posts each capture to the webhook a few seconds later, if
// it has been given a client, at least once.
type provider struct {
	client      *http.Client
	url, secret string
	log         *slog.Logger

	mu    sync.Mutex
	queue []delivery // by due
	wake  chan struct{}
}

// delivery is an event on its way.
type delivery struct {
	due   time.Time
	event PaymentEvent
	tries int
}

func newProvider(config Config) *provider {
	return &provider{
		client: config.WebhookClient, url: config.WebhookURL, secret: config.WebhookSecret,
		log: config.Logger, wake: make(chan struct{}, 1),
	}
}

// tells is false of a provider that has nobody to tell.
func (p *provider) tells() bool { return p.client != nil && p.url != "" }

// Authorize implements [Payments].
func (p *provider) Authorize(_ context.Context, token string) (bool, error) {
	return token != declinedToken, nil
}

// Capture implements [Payments].
func (p *provider) Capture(_ context.Context, charge Entry) error {
	if !p.tells() {
		return nil
	}
	return p.enqueue(delivery{due: time.Now().Add(deliveryDelay), event: PaymentEvent{
		Event: "ev_" + charge.ID, Booking: charge.Booking, Charge: charge.ID, Cents: charge.Cents, Kind: charge.Kind,
	}})
}

func (p *provider) enqueue(d delivery) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.queue) >= queueMax {
		return fmt.Errorf("booking: %d payment events wait already; %s is lost", queueMax, d.event.Event)
	}
	// After those due at the same instant, so that the order is that of arrival.
	i, _ := slices.BinarySearchFunc(p.queue, d.due, func(q delivery, due time.Time) int {
		if q.due.After(due) {
			return 1
		}
		return -1
	})
	p.queue = slices.Insert(p.queue, i, d)
	select {
	case p.wake <- struct{}{}:
	default: // it will look anyway
	}
	return nil
}

// first returns the next delivery and removes it if it is due.
func (p *provider) first(now time.Time) (d delivery, due, any bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.queue) == 0 {
		return d, false, false
	}
	d = p.queue[0]
	if d.due.After(now) {
		return d, false, true
	}
	p.queue = slices.Delete(p.queue, 0, 1)
	return d, true, true
}

// deliver posts events when they are due, one after the other, until the
// context ends.
func (p *provider) deliver(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		next, due, waiting := p.first(time.Now())
		if due {
			p.tell(ctx, next)
			continue
		}
		timer.Stop()
		if waiting {
			timer.Reset(time.Until(next.due))
		}
		select {
		case <-ctx.Done():
			return
		case <-p.wake:
		case <-timer.C:
		}
	}
}

// tell posts an event. If the answer does not say that it was heard, it is
// told again.
func (p *provider) tell(ctx context.Context, d delivery) {
	err := p.post(ctx, d.event)
	if err == nil || ctx.Err() != nil {
		return
	}
	if d.tries++; d.tries < deliveriesMax {
		d.due = time.Now().Add(deliveryAgain)
		err = p.enqueue(d)
	}
	if err != nil {
		p.log.Warn("a payment event was not heard", "event", d.event.Event, "error", err)
	}
}

func (p *provider) post(ctx context.Context, event PaymentEvent) error {
	body, err := json.Marshal(event)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set(secretHeader, p.secret)
	response, err := p.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(response.Body, bodyLimit)); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("booking: the webhook answered %s", response.Status)
	}
	return nil
}
