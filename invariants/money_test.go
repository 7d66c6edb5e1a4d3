package invariants_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

func TestMoney(t *testing.T) {
	t.Parallel()
	pay := func(id string, amount int64) simcity.Fact {
		return simcity.Fact{Kind: simcity.Charged, Holder: "a", Of: id, Amount: amount}
	}
	total := func(holder string, amount int64) simcity.Fact {
		return simcity.Fact{Kind: simcity.Reported, Holder: holder, Of: "charged", Amount: amount}
	}
	told := func(from, to time.Duration, f ...simcity.Fact) simcity.Operation {
		return did("a", "ledger", from, to, f...)
	}
	paid := did("a", "pay", 0, second, pay("p1", 100))
	cases := map[string]struct {
		history history
		broken  bool
		skipped bool
	}{
		"right":               {history: history{paid, told(minute, minute, total("a", 100))}},
		"too little":          {history: history{paid, told(minute, minute, total("a", 99))}, broken: true},
		"for everybody":       {history: history{paid, told(minute, minute, total("", 100))}},
		"wrong for everybody": {history: history{paid, told(minute, minute, total("", 0))}, broken: true},
		"a retry counts once": {history: history{paid, paid, told(minute, minute, total("a", 100))}},
		"a second payment":    {history: history{paid, did("a", "pay", 2*second, 2*second, pay("p2", 5)), told(minute, minute, total("a", 105))}},
		"the refund is another total": {history: history{paid,
			did("a", "cancel", 2*second, 2*second, simcity.Fact{Kind: simcity.Refunded, Holder: "a", Of: "p1", Amount: 100}),
			told(minute, minute, total("a", 100), simcity.Fact{Kind: simcity.Reported, Holder: "a", Of: "refunded", Amount: 100})}},
		"a forgotten refund": {history: history{paid,
			did("a", "cancel", 2*second, 2*second, simcity.Fact{Kind: simcity.Refunded, Holder: "a", Amount: 100}),
			told(minute, minute, simcity.Fact{Kind: simcity.Reported, Holder: "a", Of: "refunded", Amount: 0})}, broken: true},
		"paid by another citizen meanwhile, not in it": {history: history{paid,
			did("b", "pay", minute, minute+second, pay("p2", 5)), told(minute, minute+2*second, total("a", 100))}},
		"paid by another citizen meanwhile, in it": {history: history{paid,
			told(minute, minute+second, total("a", 105)), did("b", "pay", minute, minute+2*second, pay("p2", 5))}},
		"paid by another citizen later, yet in it": {history: history{paid,
			told(minute, minute+second, total("a", 105)), did("b", "pay", minute+2*second, minute+2*second, pay("p2", 5))}, broken: true},
		"paid, perhaps":   {history: history{failed(did("a", "pay", 0, 0, pay("p1", 100))), told(minute, minute, total("a", 0))}, skipped: true},
		"paid, who knows": {history: history{paid, failed(did("a", "pay", 2*second, 2*second)), told(minute, minute, total("a", 0))}, skipped: true},
		"somebody else paid, who knows": {
			history: history{paid, failed(did("c", "pay", 2*second, 2*second)), told(minute, minute, total("a", 0))}, broken: true},
		"somebody else paid for him, who knows": {history: history{paid, did("v", "pay", second, second, pay("p2", 0)),
			failed(did("c", "pay", 2*second, 2*second)), told(minute, minute, total("a", 0))}, skipped: true},
		"a reading that failed": {history: history{paid, failed(did("a", "search", 2*second, 2*second)), told(minute, minute, total("a", 0))}, broken: true},
		"another total":         {history: history{paid, told(minute, minute, simcity.Fact{Kind: simcity.Reported, Of: "tips", Amount: 7})}, skipped: true},
		"much later": {history: history{paid, did("a", "pay", 24*hour, 24*hour, pay("p2", 5)),
			did("a", "pay", 48*hour, 48*hour, pay("p3", 5)), told(49*hour, 49*hour, total("a", 110))}},
	}
	// Ten reports that are right, of a holder that has nothing to do with it.
	fill := many(10, func(int) any { return did("z", "ledger", 0, 0, total("z", 0)) })
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := review(named("money_conservation"), join(fill, history{tick(2 * minute)}, c.history, history{tick(50 * hour)}))
			require.Equal(t, c.broken, v.broken(), "%v", v.breaches)
			if c.skipped {
				require.Equal(t, int64(10), v.judgement.Samples)
			} else {
				require.Greater(t, v.judgement.Samples, int64(10))
			}
		})
	}
}
