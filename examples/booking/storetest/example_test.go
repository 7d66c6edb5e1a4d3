package storetest_test

import (
	"fmt"

	"github.com/bookiji/simcity/examples/booking/storetest"
)

// The suite says what it holds a store to.
func Example() {
	for _, promise := range storetest.Promises()[:3] {
		fmt.Println(promise)
	}
	// Output:
	// a view cannot write
	// a failed update changes nothing
	// an update that panics changes nothing
}
