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

func TestRefundsStayWithinWhatWasCharged(t *testing.T) {
	t.Parallel()
	money := func(kind simcity.FactKind, payment string, amount int64) simcity.Fact {
		return simcity.Fact{Kind: kind, ID: "c1", Holder: "a", Of: payment, Amount: amount}
	}
	charge := money(simcity.Charged, "p1", 100)
	back := func(at time.Duration, payment string, amount int64) simcity.Operation {
		return did("a", "cancel", at, at, money(simcity.Refunded, payment, amount))
	}
	paid := did("a", "pay", 0, second, charge)
	for name, c := range map[string]struct {
		history history
		broken  bool
	}{
		"once":                             {history: history{paid, back(minute, "r1", 100)}},
		"twice":                            {history: history{paid, back(minute, "r1", 100), back(2*minute, "r2", 100)}, broken: true},
		"told again":                       {history: history{paid, back(minute, "r1", 100), back(2*minute, "r1", 100)}},
		"told by two who know no id":       {history: history{paid, back(minute, "", 100), back(2*minute, "", 100)}},
		"in parts":                         {history: history{paid, back(minute, "r1", 60), back(2*minute, "r2", 40)}},
		"before the charge was told":       {history: history{back(second, "r1", 100), did("a", "pay", 0, 2*second, charge)}},
		"for what was never charged for":   {history: history{back(minute, "r1", 100)}},
		"of a charge that perhaps went on": {history: history{paid, failed(did("a", "pay", 2*second, 2*second, money(simcity.Charged, "p2", 100))), back(minute, "r1", 200)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := review(named("money_conservation"), join(c.history, history{tick(50 * hour)}))
			require.Equal(t, c.broken, v.broken(), "%v", v.breaches)
		})
	}
	v := review(named("money_conservation"), history{paid, back(minute, "r1", 100), back(2*minute, "r2", 100), tick(50 * hour)})
	require.Equal(t, "200 paid back for claim c1 of a", v.breaches[0].Got)
	require.Equal(t, "at most the 100 that was charged for it", v.breaches[0].Want)
}
