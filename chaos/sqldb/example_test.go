package sqldb_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"io"
	"net/http"

	"github.com/bookiji/simcity/chaos/sqldb"
	"github.com/bookiji/simcity/simcity"
)

// A shop that looks first and sells then sells its last item twice, if another
// customer may come between the two statements.
func Example() {
	newShop := func(w *simcity.World) (http.Handler, error) {
		db := sql.OpenDB(sqldb.Seams{}.Connector(shopDriver()))
		w.OnClose(func(context.Context) error { return db.Close() })
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			left := 0
			err := db.QueryRowContext(r.Context(), "select items_left").Scan(&left)
			if err == nil && left == 0 {
				rw.WriteHeader(http.StatusConflict)
				return
			}
			if err == nil {
				_, err = db.ExecContext(r.Context(), "update items")
			}
			if err != nil {
				rw.WriteHeader(http.StatusInternalServerError)
			}
		}), nil
	}
	customer := simcity.AgentFunc(func(ctx context.Context, c *simcity.Citizen) error {
		return c.Do(ctx, "buy", nil, func(ctx context.Context, _ *simcity.Operation) error {
			request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.BaseURL()+"/buy", nil)
			if err != nil {
				return err
			}
			response, err := c.Client().Do(request)
			if err != nil {
				return err
			}
			return response.Body.Close()
		})
	})
	soldOnce := simcity.Invariant{Name: "sold_once", Begin: func(*simcity.World) simcity.Check {
		sold := 0
		return simcity.Check{Operation: func(op *simcity.Operation) *simcity.Breach {
			if op.Outcome == simcity.OK {
				sold++
			}
			if sold > 1 {
				return &simcity.Breach{Got: fmt.Sprint(sold, " sales"), Want: "1 sale"}
			}
			return nil
		}}
	}}
	threeAtOnce := simcity.ArrivalsFunc(func(_ context.Context, g *simcity.Gate) error {
		for range 3 {
			g.Spawn()
		}
		return nil
	})
	running, err := simcity.New(simcity.Scenario{Name: "last_item"}).
		Target(simcity.InProcess(newShop)).
		Populate(simcity.Population{Name: "customer", Agent: customer, Arrivals: threeAtOnce}).
		Check(soldOnce).
		Start(context.Background()) // in a test: Run(t)
	if err != nil {
		fmt.Println(err)
		return
	}
	result := running.Wait()
	fmt.Println(result.Verdict, result.Violations[0].Invariant)
	for _, seam := range result.Seams {
		fmt.Println(seam.Name, seam.Passed)
	}
	// Output:
	// FAIL sold_once
	// sql connect 2
	// sql select 3
	// sql update 2
}

// shopDriver stands for a real driver, so that the example needs no server. It
// has one item.
func shopDriver() driver.Connector {
	left := int64(1)
	return &fakeConnector{fake: &fake{valid: true, kind: func(c *fakeConn) driver.Conn { return &shopConn{&ableConn{c}, &left} }}}
}

type shopConn struct {
	*ableConn
	left *int64
}

func (c *shopConn) ExecContext(context.Context, string, []driver.NamedValue) (driver.Result, error) {
	*c.left--
	return driver.RowsAffected(1), nil
}

func (c *shopConn) QueryContext(context.Context, string, []driver.NamedValue) (driver.Rows, error) {
	return &oneRow{value: max(*c.left, 0)}, nil
}

type oneRow struct {
	value int64
	read  bool
}

func (r *oneRow) Columns() []string { return []string{"items_left"} }
func (r *oneRow) Close() error      { return nil }
func (r *oneRow) Next(row []driver.Value) error {
	if r.read {
		return io.EOF
	}
	row[0], r.read = r.value, true
	return nil
}
