package testui_test

import (
	"fmt"

	"github.com/bookiji/simcity/simcity"
	_ "github.com/bookiji/simcity/simcity/missioncontrol/testui" // SIMCITY_UI=127.0.0.1:8787 shows the runs
)

// The import is all that a package of tests needs. Another viewer cannot be linked
// beside it.
func Example() {
	defer func() { fmt.Println(recover()) }()
	simcity.RegisterViewer(nil)
	// Output:
	// simcity: a viewer is registered already
}
