package pgclock_test

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bookiji/simcity/simcity/pgclock"
)

// How a host's factory opens its pool. The pool connects when it is first used.
func ExampleFollow() {
	config, err := pgxpool.ParseConfig("postgres://booking@/booking?host=/run/postgresql")
	if err != nil {
		fmt.Println(err)
		return
	}
	const year = 365 * 24 * time.Hour // longer than any run: no reconnecting at each jump
	config.MaxConnLifetime, config.MaxConnIdleTime, config.HealthCheckPeriod = year, year, year
	pgclock.Follow(config.ConnConfig, time.Now)
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pool.Close() // in a factory: World.OnClose
	fmt.Println(pool.Config().ConnConfig.Database, "follows")
	// Output: booking follows
}
