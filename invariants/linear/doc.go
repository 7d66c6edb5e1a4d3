// Package linear checks a run's history against a sequential model: does an order
// of the operations exist, in which each takes effect at one moment between its
// start and its end, that the model would have answered the same? Use it for hosts
// whose state fits into one value, such as a counter, a stock or a calendar: it
// finds stale reads, lost updates and double sales without a rule for each.
//
//	simcity.New(scenario).Target(target).Check(linear.Check("stock_is_linearizable", linear.History{
//		Model: porcupine.Model{
//			Init: func() any { return 2 },
//			Step: func(state, input, output any) (bool, any) { ... },
//		},
//		Read: func(op *simcity.Operation) (linear.Entry, bool) { ... },
//	})).Run(t)
//
// The checker is porcupine (github.com/anishathalye/porcupine), after Lowe 2017,
// "Testing for linearizability". A breach comes with its picture, an HTML page
// beside the run's bundle.
//
// # Limits
//
// The problem is NP-complete: histories are checked per key, 5000 operations each
// at most, and a key with more leaves the rule unchecked. Operations without an
// answer may have taken effect or not; they are open until the end of the run.
package linear
