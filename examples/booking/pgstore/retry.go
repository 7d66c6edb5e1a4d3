package pgstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/bookiji/simcity/examples/booking"
)

// attemptsMax is how often an Update is tried.
const attemptsMax = 20

// Codes of errors, from PostgreSQL's appendix A.
const (
	codeUnique        = "23505"
	codeExclusion     = "23P01"
	codeSerialization = "40001"
	codeDeadlock      = "40P01"
	codeLockTimeout   = "55P03"
)

// passing are the errors after which the same transaction may well succeed. Two
// at once that put one key are among them: the second then finds the first's.
var passing = []string{codeSerialization, codeDeadlock, codeLockTimeout, codeUnique}

// again tries until the error, if any, is one that stays.
func (s *Store) again(ctx context.Context, try func() error) error {
	for attempt := 1; ; attempt++ {
		err := try()
		code := codeOf(err)
		switch {
		case code == codeExclusion:
			return fmt.Errorf("pgstore: %w: %w", booking.ErrTaken, err)
		case !slices.Contains(passing, code):
			return err
		case attempt == attemptsMax:
			return fmt.Errorf("pgstore: gave up after %d attempts: %w", attempt, err)
		}
		if err := s.pause(ctx, attempt); err != nil {
			return err
		}
	}
}

func codeOf(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}

// pause lets whoever was in the way finish: 1 ms, doubled up to 64 ms. Each is
// off by nanoseconds of its own, because simulated timers of one instant fire in
// an arbitrary order.
func (s *Store) pause(ctx context.Context, attempt int) error {
	length := time.Millisecond << min(attempt-1, 6)
	timer := time.NewTimer(length + time.Duration(s.pauses.Add(1)%100_000))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
