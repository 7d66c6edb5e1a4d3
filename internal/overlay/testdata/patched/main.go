// Command patched says by which toolchain it was compiled, and whether with the
// overlay. It links each package that the overlay patches.
package main

import (
	"fmt"
	"math/rand"
	randv2 "math/rand/v2"
	"runtime"

	"github.com/bookiji/simcity/internal/locks"
)

func main() {
	_, _ = rand.Int(), randv2.Int()
	fmt.Println(runtime.Version(), locks.Active(), locks.Packages())
}
