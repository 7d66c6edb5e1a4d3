package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/chaos/postgres"
	"github.com/bookiji/simcity/simcity"
)

// all are the faults that change a database, apart from the one that waits.
func all() []simcity.Fault {
	return []simcity.Fault{
		postgres.FailStatements{Table: "bookings", Share: 0.5}.Fault(),
		postgres.FailStatements{Table: "bookings", Share: 0.5}.Fault(),
		postgres.PauseViewRefresh{}.Fault(),
		postgres.RLSMisconfig{Tables: []string{"messages"}, Type: postgres.DisabledTable}.Fault(),
		postgres.PoolExhaustion{Connections: 1}.Fault(),
		postgres.DropConnections{Every: time.Minute}.Fault(),
	}
}

// However a run ends, nothing stays broken.
func TestNothingIsLeftBehind(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		end     func(*simcity.Simulation)
		life    func(ctx context.Context, c *simcity.Citizen) error
		verdict simcity.Verdict
	}{
		"its time is up": {verdict: simcity.Pass},
		"a command stops it": {
			end: func(s *simcity.Simulation) {
				s.Command(simcity.Command{Kind: simcity.Stop, At: 15 * time.Minute})
			},
			verdict: simcity.Stopped,
		},
		"a citizen panics": {
			life:    func(context.Context, *simcity.Citizen) error { panic("no nerves") },
			verdict: simcity.Fail,
		},
		"an invariant is broken": {
			end: func(s *simcity.Simulation) {
				s.Check(rule("broken", func(op *simcity.Operation) *simcity.Breach {
					if op.Start > 15*time.Minute {
						return &simcity.Breach{Got: "late", Want: "early"}
					}
					return nil
				}))
			},
			verdict: simcity.Fail,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dsn := openShop(t)
			before := snapshot(t, dsn)
			agent := simcity.AgentFunc(func(ctx context.Context, c *simcity.Citizen) error {
				for range 30 {
					if err := c.Sleep(ctx, time.Minute); err != nil {
						return err
					}
					if test.life != nil && c.Elapsed() > 15*time.Minute {
						return test.life(ctx, c)
					}
					_, _ = send(ctx, c, "/sql", insert)
					_, _ = send(ctx, c, "/sql", `refresh materialized view busy`)
				}
				return nil
			})
			s := city(hostOn(dsn, nil), 1, agent)
			for _, fault := range all() {
				s.Inject(fault, 10*time.Minute, 49*time.Minute)
			}
			if test.end != nil {
				test.end(s)
			}
			res := s.Simulate(t)
			require.Equal(t, test.verdict, res.Verdict, res.Reasons)
			require.Len(t, res.Faults, len(all()))
			for _, window := range res.Faults {
				require.False(t, window.Active)
				require.Positive(t, window.Touched, window.Kind)
			}
			requireNothingLeft(t, dsn, before)
		})
	}
}

func TestRunsWithFaultsRepeat(t *testing.T) {
	t.Parallel()
	dsn := openShop(t)
	digest := func() simcity.Digest {
		_, err := connect(t, dsn).Exec(t.Context(), `truncate bookings restart identity`)
		require.NoError(t, err)
		agent := simcity.AgentFunc(func(ctx context.Context, c *simcity.Citizen) error {
			for range 20 {
				if err := c.Sleep(ctx, time.Minute); err != nil {
					return err
				}
				_, _ = send(ctx, c, "/sql", insert)
				_, _ = send(ctx, c, "/book", "slot 1")
			}
			return nil
		})
		s := city(hostOn(dsn, nil), 6, agent)
		for _, fault := range []simcity.Fault{
			postgres.FailStatements{Table: "bookings", Share: 0.3}.Fault(),
			postgres.DropConnections{Every: 3 * time.Minute, ApplicationName: "shop"}.Fault(),
			postgres.PoolExhaustion{Connections: 2}.Fault(),
		} {
			s.Inject(fault, 5*time.Minute, 10*time.Minute)
		}
		res := s.Simulate(t)
		require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
		return res.Digest
	}
	require.Equal(t, digest(), digest())
}

func TestWhatIsLeftBehindIsNamed(t *testing.T) {
	t.Parallel()
	dsn := openShop(t)
	before := snapshot(t, dsn)
	var revert []func(context.Context) error
	left := func() string {
		err := postgres.LeftBehind(t.Context(), connect(t, dsn), before)
		require.Error(t, err)
		return err.Error()
	}
	agent := simcity.AgentFunc(func(context.Context, *simcity.Citizen) error { return nil })
	s := city(hostOn(dsn, nil), 1, agent)
	for _, fault := range []simcity.Fault{
		postgres.FailStatements{Table: "bookings"}.Fault(),
		postgres.PauseViewRefresh{View: "busy"}.Fault(),
		postgres.RLSMisconfig{Tables: []string{"messages"}}.Fault(),
	} {
		inject := fault.Inject
		fault.Inject = func(ctx context.Context, w *simcity.World, touched *simcity.Touched) (func(context.Context) error, error) {
			undo, err := inject(ctx, w, touched)
			revert = append(revert, undo)
			return nil, err
		}
		s.Inject(fault, time.Minute, time.Minute)
	}
	s.Simulate(t)
	text := left()
	for _, name := range []string{
		"event trigger simcity_pause_view_refresh_1", "function simcity_chaos.fail_statements_1()", "policy simcity_admin_access on messages",
		"schema simcity_chaos", "sequence simcity_chaos.pause_view_refresh_1", "trigger simcity_fail_statements_1 on bookings",
	} {
		require.Contains(t, text, name)
	}
	for _, undo := range revert {
		require.NoError(t, undo(t.Context()))
	}
	requireNothingLeft(t, dsn, before)

	conn := connect(t, with(dsn, "application_name", "simcity_chaos"))
	_, err := conn.Exec(t.Context(), `begin; lock table bookings`)
	require.NoError(t, err)
	require.Contains(t, left(), "faults left 1 things behind: lock on bookings")
	require.NoError(t, conn.Close(t.Context()))

	_, err = connect(t, dsn).Exec(t.Context(), `alter table messages disable row level security; drop policy owners_read on messages`)
	require.NoError(t, err)
	require.Contains(t, left(), "row-level security of public.messages is enabled=false forced=false, was enabled=true forced=false; policy owners_read on public.messages is not what it was")
}

func TestLockTableLeavesNoLock(t *testing.T) {
	t.Parallel()
	dsn := openShop(t)
	before := snapshot(t, dsn)
	res := city(hostOn(dsn, nil), 1, visitor(new([]string), step{time.Minute, insert}, step{3 * time.Minute, insert})).
		Clock(simcity.Stepped()).Until(10*time.Minute).
		Inject(postgres.LockTable{Table: "bookings"}.Fault(), 2*time.Minute, 7*time.Minute).
		Command(simcity.Command{Kind: simcity.Stop, At: 4 * time.Minute}).
		Simulate(t)
	require.Equal(t, simcity.Stopped, res.Verdict, res.Reasons)
	requireNothingLeft(t, dsn, before)
	conn := connect(t, dsn)
	_, err := conn.Exec(t.Context(), `set lock_timeout = '2s'`)
	require.NoError(t, err)
	require.NoError(t, pgx.BeginFunc(t.Context(), conn, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `lock table bookings`)
		return err
	}))
}
