package chaos

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// Hooks are what only the host itself can make go wrong. It offers those that
// it has with [Offer]; faults that need another one say so before the run.
//
// Hooks are called in the run, one at a time under a Virtual clock. ctx is the
// fault's: with it the host may pass seams or send requests. One that returns an
// error together with how to undo it may be half done, because the run ended
// meanwhile: then it is undone.
type Hooks struct {
	// InvalidateCache drops a share, 0 to 1, of what the host has cached and tells
	// how many entries that were.
	InvalidateCache func(ctx context.Context, share float64) (dropped int64, err error)

	// PauseRefresh stops the refreshing of materialized views, or whatever the host
	// derives from its data. resume lets it go on and tells how many refreshes were
	// due and did not happen. It must be right to call when the host has gone on by
	// itself meanwhile.
	PauseRefresh func(ctx context.Context) (resume func(ctx context.Context) (suppressed int64, err error), err error)

	// MisconfigureRLS opens data to those whom it is none of their business, in the
	// way that kind says: see [RLSMisconfig]. It tells how many rows that laid open.
	// restore must be right to call when the host has healed itself meanwhile.
	MisconfigureRLS func(ctx context.Context, kind string) (restore func(ctx context.Context) error, rows int64, err error)

	// SqueezeRate makes the host's rate limiter count each request multiplier
	// times. Without it [RateLimitBurst] sends real requests.
	SqueezeRate func(ctx context.Context, multiplier int) (restore func(ctx context.Context) error, err error)

	// SkewClock moves what the host takes for now by d, which may be negative.
	SkewClock func(ctx context.Context, d time.Duration) (restore func(ctx context.Context) error, err error)
}

type hooksKey struct{}

// offered is what a host has offered so far.
type offered struct {
	hooks Hooks
	twice []string
}

// Offer lets faults use the host's hooks. The target's factory calls it:
//
//	chaos.Offer(w, chaos.Hooks{
//		InvalidateCache: app.cache.Drop,
//	})
//
// It may be called by several parts of the host, each with hooks of its own. If
// two offer the same one, faults that need it refuse to choose.
func Offer(w *simcity.World, hooks Hooks) {
	o, _ := w.Value(hooksKey{}).(*offered)
	if o == nil {
		o = &offered{}
	}
	into, from := reflect.ValueOf(&o.hooks).Elem(), reflect.ValueOf(hooks)
	for i := range from.NumField() {
		switch {
		case from.Field(i).IsNil():
		case into.Field(i).IsNil():
			into.Field(i).Set(from.Field(i))
		default:
			o.twice = append(o.twice, from.Type().Field(i).Name)
		}
	}
	w.SetValue(hooksKey{}, o)
}

// hooksOf are those that the host has offered.
func hooksOf(w *simcity.World) Hooks {
	if o, ok := w.Value(hooksKey{}).(*offered); ok {
		return o.hooks
	}
	return Hooks{}
}

// needs is the Ready of a fault that needs a hook.
func needs(name string) func(*simcity.World) error {
	return func(w *simcity.World) error {
		hooks := reflect.ValueOf(hooksOf(w))
		var names []string
		for i := range hooks.NumField() {
			if !hooks.Field(i).IsNil() {
				names = append(names, hooks.Type().Field(i).Name)
			}
		}
		if !hooks.FieldByName(name).IsNil() {
			return offeredOnce(w, name)
		}
		list := "no hooks"
		if len(names) > 0 {
			list = strings.Join(names, ", ")
		}
		return fmt.Errorf("it needs the hook %s and the host offers %s; fix: in the target's factory,\n\n"+
			"\tchaos.Offer(w, chaos.Hooks{\n\t\t%s: app.%s,\n\t})", name, list, name, name)
	}
}

func offeredOnce(w *simcity.World, name string) error {
	o, _ := w.Value(hooksKey{}).(*offered)
	for _, again := range o.twice {
		if again == name {
			return fmt.Errorf("the hook %s was offered twice; fix: call chaos.Offer with it in one part of the host only", name)
		}
	}
	return nil
}

// restoring is the revert that a hook has returned: it is called until it
// succeeds, and not after that.
func restoring(restore func(context.Context) error) func(context.Context) error {
	done := restore == nil
	return func(ctx context.Context) error {
		if done {
			return nil
		}
		err := restore(ctx)
		done = err == nil
		return err
	}
}

// halfDone is how a hook that returned an error is undone, nil for one that has done
// nothing.
func halfDone(restore func(context.Context) error) func(context.Context) error {
	if restore == nil {
		return nil
	}
	return restoring(restore)
}

// ErrInjected is what errors wrap that a fault made up.
var ErrInjected = errors.New("chaos: injected failure")
