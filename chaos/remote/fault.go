package remote

import (
	"context"
	"fmt"

	"github.com/bookiji/simcity/simcity"
)

// Fault is a fault of the host's own, of testhooks.Config.Faults, by its type and
// with its parameters. It counts what the host says that it touched. A host that
// does not know it refuses the run before it begins.
func Fault(kind string, parameters map[string]any) simcity.Fault {
	return simcity.Fault{
		Kind: kind, Parameters: parameters,
		Ready: func(w *simcity.World) error {
			at, err := hostOf(w)
			if err != nil {
				return err
			}
			if !at.has(kind) {
				return fmt.Errorf("the host offers no fault %s; it offers %s; fix: add it to testhooks.Config.Faults", kind, names(at.kinds))
			}
			return nil
		},
		Inject: func(ctx context.Context, w *simcity.World, touched *simcity.Touched) (func(context.Context) error, error) {
			at, err := hostOf(w)
			if err != nil {
				return nil, err
			}
			held, err := at.strike(ctx, w, kind, parameters)
			if held == nil {
				return nil, err
			}
			told := held.touched.Load()
			touched.Add(told)
			return func(ctx context.Context) error {
				err := held.release(ctx)
				now := held.touched.Load()
				touched.Add(now - told)
				told = now
				return err
			}, err
		},
	}
}
