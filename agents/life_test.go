package agents_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/agents"
	"github.com/bookiji/simcity/simcity"
)

const day = 24 * time.Hour

// town is a day of a market, seen operation by operation.
type town struct {
	result     *simcity.Result
	operations []simcity.Operation
	facts      map[simcity.FactKind]int
}

func live(t *testing.T, seed uint64, market agents.Marketplace, change func(*agents.Customer, *agents.Vendor)) *town {
	t.Helper()
	tw := &town{facts: map[simcity.FactKind]int{}}
	customer := agents.Customer{Market: market, VisitsMax: 4}
	vendor := agents.Vendor{Market: market}
	if change != nil {
		change(&customer, &vendor)
	}
	vendors, customers := agents.Vendors(agents.Burst{N: 4}), agents.Customers(agents.Constant{PerHour: 6})
	vendors.Agent, customers.Agent = vendor, customer
	tw.result = simcity.New(simcity.Scenario{
		Name: "town", Duration: day, AllowEmpty: []string{"*"},
		Populations: []simcity.Population{vendors, customers},
		Invariants: []simcity.Invariant{watch(func(op *simcity.Operation) {
			tw.operations = append(tw.operations, *op)
			for _, f := range op.Facts {
				tw.facts[f.Kind]++
			}
		})},
	}).Policies(func(p *simcity.Policies) { p.MaxConcurrentAgents = 500 }).
		Target(serving(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) })).
		Seed(seed).Simulate(t)
	require.Equal(t, simcity.Pass, tw.result.Verdict, tw.result.Reasons)
	return tw
}

// each calls f for every fact with its operation.
func (tw *town) each(f func(op *simcity.Operation, fact simcity.Fact)) {
	for i := range tw.operations {
		for _, fact := range tw.operations[i].Facts {
			f(&tw.operations[i], fact)
		}
	}
}

// On a correct market nothing fails, every kind of fact turns up, and the
// facts agree with one another, whatever the seed.
func TestFactsAgree(t *testing.T) {
	all := map[simcity.FactKind]int{}
	for seed := range uint64(12) {
		seed++
		tw := live(t, seed, newShop(), nil)
		require.Zero(t, tw.result.Metrics.Outcomes["error"], "seed %d", seed)
		for kind, n := range tw.facts {
			all[kind] += n
		}
		checkClaims(t, seed, tw)
		checkMoney(t, seed, tw)
	}
	for kind := simcity.Offered; kind <= simcity.Sought; kind++ {
		if kind != simcity.Referred && kind != simcity.Denied {
			require.Positive(t, all[kind], "%s", kind)
		}
	}
	require.Zero(t, all[simcity.Referred], "a correct market accepts nothing unknown")
	require.Zero(t, all[simcity.Denied], "only intruders ask for what is not theirs")
}

func checkClaims(t *testing.T, seed uint64, tw *town) {
	t.Helper()
	held, entered := map[string]simcity.Fact{}, map[string]int{}
	tw.each(func(op *simcity.Operation, f simcity.Fact) {
		switch f.Kind {
		case simcity.Held:
			require.NotContains(t, held, f.ID, "seed %d", seed)
			require.Equal(t, op.Citizen, f.Holder)
			require.NotEmpty(t, f.Spelling)
			require.Equal(t, strings.ToLower(f.Resource), f.Resource)
			require.True(t, f.Until.After(f.Start.Add(-100*day)))
			held[f.ID] = f
		case simcity.Confirmed, simcity.Moved, simcity.Asked:
			require.Contains(t, held, f.ID, "%s, seed %d", f.Kind, seed)
		case simcity.Entered:
			entered[f.Holder]++
			require.Equal(t, 1, entered[f.Holder], "seed %d", seed)
		case simcity.Completed:
			require.Equal(t, 1, entered[f.Holder], "seed %d", seed)
		case simcity.Repeated:
			require.True(t, f.Same, "seed %d: %s", seed, f.Detail)
		case simcity.Saw:
			require.Equal(t, f.Holder, f.Of, "seed %d", seed)
		}
	})
	for i := range tw.operations {
		offered := 0
		for _, f := range tw.operations[i].Facts {
			if f.Kind == simcity.Offered {
				offered++
			}
		}
		require.LessOrEqual(t, offered, 8)
	}
}

func checkMoney(t *testing.T, seed uint64, tw *town) {
	t.Helper()
	sums := map[string]int64{}
	tw.each(func(_ *simcity.Operation, f simcity.Fact) {
		switch f.Kind {
		case simcity.Charged, simcity.Refunded:
			sums[f.Kind.String()+f.Holder] += f.Amount
		case simcity.Reported:
			require.Equal(t, sums[f.Of+f.Holder], f.Amount, "%s of %s, seed %d", f.Of, f.Holder, seed)
		}
	})
}

// A vendor answers within DefaultResponseMax and two ticks of open time, and
// before the slot begins.
func TestVendorsKeepTheirPromise(t *testing.T) {
	for seed := range uint64(12) {
		seed++
		tw := live(t, seed, newShop(), nil)
		asked := map[string]time.Duration{}
		answers := 0
		tw.each(func(op *simcity.Operation, f simcity.Fact) {
			switch f.Kind {
			case simcity.Asked:
				asked[f.ID] = op.End
			case simcity.Released:
				delete(asked, f.ID)
			case simcity.Answered:
				at, ok := asked[f.ID]
				require.True(t, ok, "seed %d: %s was not asked", seed, f.ID)
				delete(asked, f.ID)
				answers++
				require.LessOrEqual(t, openTime(at, op.End), agents.DefaultResponseMax+10*time.Minute, "seed %d: %s", seed, f.ID)
			}
		})
		for id, at := range asked {
			require.LessOrEqual(t, openTime(at, day), agents.DefaultResponseMax+10*time.Minute, "seed %d: %s unanswered", seed, id)
		}
		require.Greater(t, answers, 20, "seed %d", seed)
	}
}

// openTime is how much of a span of the first day lies in the open hours.
func openTime(from, to time.Duration) time.Duration {
	return max(0, min(to, 18*time.Hour)-max(from, 8*time.Hour))
}

func TestSameSeedSameLives(t *testing.T) {
	first, again := live(t, 5, newShop(), nil), live(t, 5, newShop(), nil)
	require.Equal(t, first.result.Digest, again.result.Digest)
	require.NotEqual(t, first.result.Digest, live(t, 6, newShop(), nil).result.Digest)
}

// Operations that went unanswered say what they may have done, and whoever has
// an unanswered payment does not report.
func TestDoubtIsTold(t *testing.T) {
	market := newShop()
	market.mute = 5
	tw := live(t, 1, market, nil)
	doubtful := map[string]bool{}
	unanswered, again := 0, 0
	for i := range tw.operations {
		op := &tw.operations[i]
		if op.Outcome != simcity.Failed {
			continue
		}
		unanswered++
		kinds := map[simcity.FactKind]bool{}
		for _, f := range op.Facts {
			kinds[f.Kind] = true
			require.False(t, f.Kind == simcity.Held && f.ID != "", "a claim that nobody was told of has no id")
		}
		switch {
		case strings.HasSuffix(op.Input.(string), "(repeated)"):
			again++
		case op.Name == agents.OpBook:
			require.True(t, kinds[simcity.Held], "%+v", op)
		case op.Name == agents.OpConfirm:
			require.True(t, kinds[simcity.Confirmed] && kinds[simcity.Charged], "%+v", op)
		}
		doubtful[op.Citizen] = doubtful[op.Citizen] || kinds[simcity.Charged]
	}
	require.Greater(t, unanswered, 10)
	reported := 0
	tw.each(func(_ *simcity.Operation, f simcity.Fact) {
		if f.Kind == simcity.Reported {
			reported++
			require.False(t, doubtful[f.Holder], f.Holder)
		}
	})
	require.Positive(t, reported)
}

// What customers try with bad intent or by mistake shows in the facts.
func TestMischief(t *testing.T) {
	only := func(h agents.Habits) func(*agents.Customer, *agents.Vendor) {
		return func(c *agents.Customer, _ *agents.Vendor) {
			never := agents.Habits{
				Traveller: -1, Twice: -1, Repeat: -1, Promo: -1, Collector: -1,
				Mistype: -1, Abandon: -1, Stale: -1, Regret: -1, NoShow: -1,
			}
			c.Habits = never
			switch {
			case h.Mistype > 0:
				c.Habits.Mistype = h.Mistype
			case h.Collector > 0:
				c.Habits.Collector = h.Collector
			case h.Traveller > 0:
				c.Habits.Traveller, c.Habits.Twice = h.Traveller, h.Twice
			}
		}
	}
	t.Run("mistype", func(t *testing.T) {
		market := newShop()
		market.accepts = true
		tw := live(t, 1, market, only(agents.Habits{Mistype: 1}))
		require.Positive(t, tw.facts[simcity.Referred])
		tw.each(func(op *simcity.Operation, f simcity.Fact) {
			require.Equal(t, op.Name == agents.OpBookUnknown, f.Kind == simcity.Referred)
			require.True(t, f.Kind != simcity.Referred || strings.HasSuffix(f.Of, "-nowhere"))
		})
	})
	t.Run("collector", func(t *testing.T) {
		tw := live(t, 1, newShop(), only(agents.Habits{Collector: 1}))
		require.Zero(t, tw.facts[simcity.Entered], "collecting is no funnel")
		refused := slices.IndexFunc(tw.operations, func(op simcity.Operation) bool {
			return op.Name == agents.OpBook && op.Outcome == simcity.Rejected
		})
		require.GreaterOrEqual(t, refused, 0, "the quota was reached")
	})
	t.Run("traveller", func(t *testing.T) {
		tw := live(t, 1, newShop(), only(agents.Habits{Traveller: 1, Twice: 1}))
		foreign := 0
		tw.each(func(_ *simcity.Operation, f simcity.Fact) {
			if f.Kind != simcity.Held {
				return
			}
			require.Equal(t, time.UTC, f.Start.Location())
			if strings.HasPrefix(f.Spelling, "VENDOR-") && !strings.HasSuffix(f.Spelling, "Z") {
				foreign++
			}
		})
		require.Positive(t, foreign)
		require.Positive(t, tw.facts[simcity.Refused], "one's own slot, in another spelling, is taken")
	})
	t.Run("promo refused", func(t *testing.T) {
		market := newShop()
		market.noPromo = true
		tw := live(t, 1, market, nil)
		require.Zero(t, tw.facts[simcity.Redeemed])
		require.Positive(t, tw.facts[simcity.Completed])
	})
}

// What an app lacks is neither asked for twice nor recorded.
func TestUnsupportedIsNotRecorded(t *testing.T) {
	tw := live(t, 1, agents.Unsupported{}, nil)
	for _, op := range tw.operations {
		require.Equal(t, agents.OpSignIn, op.Name)
	}
	require.NotEmpty(t, tw.operations)
}

func TestPersonas(t *testing.T) {
	t.Parallel()
	weight := 0.0
	for _, p := range agents.Personas() {
		weight += p.Weight
	}
	require.InDelta(t, 1, weight, 1e-9)
	require.Equal(t, agents.Character{Chatty: true, Strict: true}, agents.CharacterOf("chatty-impatient-strict"))
	require.Equal(t, agents.Character{Patient: true}, agents.CharacterOf(""))
}

// A cancelling that is refused tells that the booking is not what the customer
// takes it for. So it looks, and the rules know that the place is free.
func TestCustomerLooksWhenItsCancellingIsRefused(t *testing.T) {
	t.Parallel()
	market := newShop()
	market.echoes = true
	tw := live(t, 5, market, nil)
	waiting := map[string]string{} // client to the booking it could not cancel
	refused, released := 0, 0
	for _, op := range tw.operations {
		if id, ok := waiting[op.Client()]; ok {
			require.Equal(t, agents.OpSee, op.Name, op.Client())
			require.Equal(t, id, op.Input)
			delete(waiting, op.Client())
			for _, f := range op.Facts {
				if f.Kind == simcity.Released {
					released++
				}
			}
		}
		if op.Name == agents.OpCancel && op.Outcome != simcity.OK {
			waiting[op.Client()] = op.Input.(string)
			refused++
		}
	}
	require.Positive(t, released)
	t.Logf("%d refused, %d found released", refused, released)
}

func TestVendorLooksWhenItsDecliningIsRefused(t *testing.T) {
	t.Parallel()
	market := newShop()
	market.echoes = true
	tw := live(t, 5, market, func(_ *agents.Customer, v *agents.Vendor) { v.Decline = 0.5 })
	refused, released := map[any]bool{}, map[any]bool{}
	for _, op := range tw.operations {
		switch {
		case op.Population != "vendor":
		case op.Name == agents.OpDecline && op.Outcome != simcity.OK:
			refused[op.Input] = true
		case op.Name == agents.OpSee && len(op.Facts) == 1 && op.Facts[0].Kind == simcity.Released:
			released[op.Input] = true
		}
	}
	require.NotEmpty(t, refused)
	require.Equal(t, refused, released)
}
