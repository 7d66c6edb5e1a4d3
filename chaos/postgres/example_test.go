package postgres_test

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bookiji/simcity/chaos/postgres"
	"github.com/bookiji/simcity/simcity"
)

// newApp stands for the host's constructor.
func newApp(*pgxpool.Pool) http.Handler { return http.NotFoundHandler() }

var oneCustomer = simcity.ArrivalsFunc(func(_ context.Context, g *simcity.Gate) error {
	g.Spawn()
	return nil
})

// A host whose pool has seams and whose database the faults know. Pools of pgx
// connect when they are first used.
func Example() {
	target := simcity.InProcess(func(w *simcity.World) (http.Handler, error) {
		config, err := pgxpool.ParseConfig("host=/var/run/postgresql dbname=shop")
		if err != nil {
			return nil, err
		}
		postgres.Seams{}.Attach(config)
		pool, err := pgxpool.NewWithConfig(context.Background(), config)
		if err != nil {
			return nil, err
		}
		w.OnClose(func(context.Context) error { pool.Close(); return nil })
		postgres.Offer(w, postgres.Database{Pool: pool})
		return newApp(pool), nil
	})
	simulation := simcity.New(simcity.Scenario{Name: "shop"}).
		Target(target).
		Populate(simcity.Population{Name: "customer", Agent: customer, Arrivals: oneCustomer}).
		Check(bookedOnce()).
		Inject(postgres.FailStatements{Table: "bookings", Share: 0.25}.Fault(), 2*time.Hour, 10*time.Minute).
		Inject(postgres.DropConnections{Share: 3}.Fault(), 4*time.Hour, time.Minute)
	fmt.Println(simulation.Validate())
	// Output:
	// scenario.Injections[1]: simcity: DROP_POSTGRES_CONNECTIONS.share is 3; allowed: more than 0, up to 1; fix: leave it out for 1
}

// What a fault will do is told in the run's events by its parameters.
func ExampleFailStatements() {
	fault := postgres.FailStatements{Table: "bookings", Share: 0.25}.Fault()
	fmt.Println(fault.Kind, fault.Err)
	fmt.Println(fault.Parameters)
	// Output:
	// FAIL_STATEMENTS <nil>
	// map[operations:[insert update delete] share:0.25 sqlState:40001 table:bookings]
}
