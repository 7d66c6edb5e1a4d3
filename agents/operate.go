package agents

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/bookiji/simcity/simcity"
)

// errSkipped ends an operation that never was, because the app lacks the verb.
// The simulation keeps no record of operations that end with ErrOver, and there
// is nothing to record.
var errSkipped = fmt.Errorf("%w: %w", ErrUnsupported, simcity.ErrOver)

// operator is what both kinds of citizens have: a user and a market.
type operator struct {
	*User
	market    Marketplace
	character Character
	lacks     []string // verbs that the app does not have
}

// do records one operation on the market. Its error is the market's; ended
// tells whether it is the end of the run.
func (o *operator) do(ctx context.Context, verb, input string, call func(context.Context, *simcity.Operation) error) error {
	if slices.Contains(o.lacks, verb) {
		return ErrUnsupported
	}
	var told error // what the market said
	err := o.Do(ctx, verb, input, func(ctx context.Context, op *simcity.Operation) error {
		told = call(ctx, op)
		return settle(op, told)
	})
	if errors.Is(err, errSkipped) {
		o.lacks = append(o.lacks, verb)
		return ErrUnsupported
	}
	return cmp.Or(err, told)
}

// settle gives the operation the outcome that the market's error means, and
// returns what is to be recorded as its error.
func settle(op *simcity.Operation, err error) error {
	if err == nil || errors.Is(err, simcity.ErrOver) {
		return err
	}
	var refused *Refusal
	switch {
	case errors.Is(err, ErrUnsupported):
		return errSkipped
	case !errors.As(err, &refused):
		op.Outcome = simcity.Failed
		return err
	case op.Status == 0: // no HTTP: the refusal itself is the answer
		op.Outcome = simcity.Rejected
		if errors.Is(err, ErrTaken) {
			op.Outcome = simcity.Conflict
		}
		return nil
	case refused.byRule() && op.Outcome == simcity.Conflict:
		op.Outcome = simcity.Rejected // 409, but nobody else was first
	}
	return err
}

// ended tells whether a life should return err.
func ended(ctx context.Context, err error) bool {
	return errors.Is(err, simcity.ErrOver) || ctx.Err() != nil
}

// inDoubt tells whether an operation may have had an effect although it
// failed: nobody knows what a host did that gave no proper answer.
func inDoubt(err error) bool {
	if err == nil || errors.Is(err, ErrUnsupported) {
		return false
	}
	var refused *Refusal
	return !errors.As(err, &refused)
}

// triesMax is how often a citizen tries what does not work at all.
const triesMax = 3

// signIn opens the session. It tries again, a tick apart.
func (o *operator) signIn(ctx context.Context) error {
	return o.insist(ctx, func() error {
		return o.do(ctx, OpSignIn, string(o.Role), func(ctx context.Context, _ *simcity.Operation) error {
			return o.market.SignIn(ctx, o.User)
		})
	})
}

// insist tries a few times, a tick apart.
func (o *operator) insist(ctx context.Context, try func() error) error {
	for n := 1; ; n++ {
		err := try()
		if err == nil || ended(ctx, err) || errors.Is(err, ErrUnsupported) || n == triesMax {
			return err
		}
		if err := o.Sleep(ctx, o.Tick()); err != nil {
			return err
		}
	}
}

// chance is true with probability p.
func (o *operator) chance(p float64) bool { return chance(o.Rand(), p) }

// chance draws even when the result is certain, so that changing one
// probability leaves the citizen's other choices alone.
func chance(r *rand.Rand, p float64) bool { return r.Float64() < p }

// say writes about a booking, sometimes.
func (o *operator) say(ctx context.Context, id string, lines []string) error {
	share := 0.05
	if o.character.Chatty {
		share = 0.6
	}
	if !o.chance(share) {
		return nil
	}
	line := lines[o.Rand().IntN(len(lines))]
	err := o.do(ctx, OpChat, id, func(ctx context.Context, _ *simcity.Operation) error {
		return o.market.Say(ctx, o.User, id, line)
	})
	if ended(ctx, err) {
		return err
	}
	return nil
}
