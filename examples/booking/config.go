package booking

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/redis/go-redis/v9"
)

// Production is the Env in which the test hooks are closed.
const Production = "production"

// Config describes an App. Its zero value works.
type Config struct {
	// Env names the environment. Default "test". In "production" everything
	// under /api/test answers 403.
	Env string

	// Store keeps the data. Default: a new [MemoryStore].
	Store Store

	// CommitmentFee is what a customer pays to confirm a hold, in cents.
	// Default 100; negative means no fee.
	CommitmentFee int

	// NoRefunds keeps the fee when a booking is cancelled or declined.
	// Default false: the fee is paid back.
	NoRefunds bool

	// HoldTTL is how long a slot stays held without confirmation.
	// Default 10 minutes.
	HoldTTL time.Duration

	// SearchTTL is how long a search answer is served from the cache.
	// Default 10 minutes.
	SearchTTL time.Duration

	// RatePerMinute is how many requests a user may send per minute in the
	// long run. Default 600; negative means no limit.
	RatePerMinute int

	// RateBurst is how many requests a user may send at once.
	// Default: a fifth of RatePerMinute, at least 1.
	RateBurst int

	// MaxActiveBookings is how many live bookings a customer may have.
	// Default 5.
	MaxActiveBookings int

	// Promos are the codes that reduce the commitment fee. Default: WELCOME,
	// 20 uses, 50 cents off. An empty map that is not nil means none.
	Promos map[string]Promo

	// Payments is the payment provider. Default: one in this process, which
	// approves every token but "tok_declined" and tells the webhook at
	// WebhookURL, by WebhookClient, two seconds after each capture. With one
	// of those missing it tells nobody.
	Payments      Payments
	WebhookClient *http.Client
	WebhookURL    string

	// WebhookSecret is what the provider sends in the header Webhook-Secret.
	// Default empty: the webhook answers 403 to everybody.
	WebhookSecret string

	// Redis keeps the search cache, so that instances of the app share it.
	// Default nil: each has its own, in its memory. The App does not close it.
	Redis *redis.Client

	// RedisPrefix is what the names of its keys begin with. Default "booking".
	RedisPrefix string

	// MemoryLimit is the budget for what the app keeps in memory, in bytes.
	// Default 64 MiB. It is reported in /metrics, not enforced.
	MemoryLimit int64

	// Speed is how many times as often as usual the background work comes round.
	// Default 1. A staging system that is tested under compressed time gives it the
	// factor, up to 1000: otherwise citizens live days between two rounds.
	Speed float64

	// Logger receives what the app has to say. Default: nothing is logged.
	Logger *slog.Logger

	// Bugs are the planted faults to switch on. Default none.
	Bugs []Bug
}

// Promo is a code that takes cents off the commitment fee. A customer may use
// a code once.
type Promo struct {
	MaxUses  int // in total, over all customers
	CentsOff int // never below a fee of zero
}

func (c Config) withDefaults() Config {
	orElse(&c.Env, "test")
	orElse(&c.CommitmentFee, 100)
	orElse(&c.HoldTTL, 10*time.Minute)
	orElse(&c.SearchTTL, 10*time.Minute)
	orElse(&c.RatePerMinute, 600)
	orElse(&c.RateBurst, max(1, c.RatePerMinute/5))
	orElse(&c.MaxActiveBookings, 5)
	orElse(&c.RedisPrefix, "booking")
	orElse(&c.MemoryLimit, 64<<20)
	orElse(&c.Speed, 1)
	orElse(&c.Logger, slog.New(slog.DiscardHandler))
	if c.Store == nil {
		c.Store = NewMemoryStore()
	}
	if c.Promos == nil {
		c.Promos = map[string]Promo{"WELCOME": {MaxUses: 20, CentsOff: 50}}
	}
	c.CommitmentFee = max(0, c.CommitmentFee)
	return c
}

func orElse[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// validate names the first field that cannot be meant.
func (c Config) validate() error {
	switch {
	case c.HoldTTL < 0:
		return errors.New("booking: Config.HoldTTL is negative")
	case c.SearchTTL < 0:
		return errors.New("booking: Config.SearchTTL is negative")
	case c.RateBurst < 0:
		return errors.New("booking: Config.RateBurst is negative; for no limit make RatePerMinute negative")
	case c.MaxActiveBookings < 0:
		return errors.New("booking: Config.MaxActiveBookings is negative")
	case c.WebhookURL != "" && c.WebhookSecret == "":
		return errors.New("booking: Config.WebhookURL is set without a WebhookSecret, so that every delivery would be refused")
	case !(c.Speed >= 0 && c.Speed <= 1000):
		return errors.New("booking: Config.Speed is not from 0 to 1000")
	case c.MemoryLimit < 0:
		return errors.New("booking: Config.MemoryLimit is negative")
	}
	for code, promo := range c.Promos {
		if promo.MaxUses < 0 || promo.CentsOff < 0 {
			return fmt.Errorf("booking: Config.Promos[%q] has a negative number", code)
		}
	}
	return nil
}
