package pgstore_test

import (
	"fmt"

	"github.com/bookiji/simcity/examples/booking/pgstore"
)

// The planted faults, by the names that Config.Bugs takes.
func Example() {
	for _, bug := range pgstore.Bugs() {
		fmt.Println(bug)
	}
	fmt.Println(pgstore.BugRefreshDies.Text())
	// Output:
	// no_exclusion
	// lost_update
	// second_connection
	// missing_rls
	// refresh_dies
	// guard_sleeps
	// from the third refresh on the listings stay as they are and no error is reported
}
