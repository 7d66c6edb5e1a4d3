package linear_test

import (
	"context"
	"fmt"
)

// A city counts together; some order explains every count that anybody saw.
func ExampleCheck() {
	running, err := counters(counter(false)).Start(context.Background()) // in a test: Run(t)
	if err != nil {
		fmt.Println(err)
		return
	}
	result := running.Wait()
	fmt.Println(result.Verdict, result.Invariants[0].Judgement.Got)
	// Output:
	// PASS 1 keys explained
}
