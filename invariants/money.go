package invariants

import (
	"fmt"
	"slices"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// Limits of what is remembered about money.
const (
	accountLimit = 200_000 // holders; reports of those beyond are not judged
	reportLimit  = 1024    // reports that wait
)

// MoneyConservation is "money_conservation": the totals that the target reports
// to a Holder ("charged", "refunded"), or for everybody if the Holder is empty,
// are the sums of the Charged and Refunded facts that clients learned before
// the reporting operation began. Payments whose operations overlapped with it
// may be in the total or not. A payment's id (Of) counts once, so that retries
// do no harm. Every account is taken to begin with the run, at zero.
//
// An operation that failed with such a fact puts its holder in doubt, and with
// him the total of everybody. One that failed without, of a name that moved
// money elsewhere in the run, does so with its citizen and the holders that its
// other facts name, and with all of them in a city where citizens move the money
// of others. Doubted accounts are not judged. A report is decided one
// simulated minute after it, or at the end. Always, critical, needs 10 reports.
func MoneyConservation() simcity.Invariant {
	return simcity.Invariant{
		Name: "money_conservation", Doc: "reported totals equal what was charged and refunded, and no claim is paid back more than that",
		When: simcity.Always,
		Begin: func(*simcity.World) simcity.Check {
			m := &money{accounts: make(map[string]*account), claims: make(map[string]*balance), moving: make(map[string]bool), blind: make(map[string]map[string]bool)}
			return simcity.Check{Operation: m.operation, Tick: m.tick, Judge: func() simcity.Judgement {
				m.decide()
				return m.docket.sum("wrong totals", m.samples, 10)
			}}
		},
	}
}

// A report waits to be decided.
type report struct {
	holder    string
	way       int
	amount    int64
	must, may int64
	from, to  time.Duration
	operation int64
	citizen   string
}

// A balance is what was charged and paid back for a claim.
type balance struct {
	sums     [ways]int64
	isCharge bool // a charge was told
}

// An excess is a refund by which more was paid back than charged, as far as was known.
type excess struct {
	balance       *balance
	claim, holder string
	at            time.Duration
	operation     int64
	citizen       string
}

type money struct {
	docket   docket
	all      account
	accounts map[string]*account
	claims   map[string]*balance
	excesses []excess
	reports  []report
	samples  int64
	moving   map[string]bool            // names of operations that move money
	blind    map[string]map[string]bool // names of those that failed without saying so: whose
	foreign  bool                       // money of a holder was moved by another citizen
	doubtAll bool
}

func (m *money) operation(op *simcity.Operation) *simcity.Breach {
	if len(op.Facts) == 0 && op.Outcome != simcity.Failed {
		return nil
	}
	speaks := false
	for i := range op.Facts {
		f := &op.Facts[i]
		switch f.Kind {
		case simcity.Charged:
			speaks = true
			m.pay(op, f, charged)
		case simcity.Refunded:
			speaks = true
			m.pay(op, f, refunded)
		case simcity.Reported:
			m.report(op, f)
		}
	}
	switch {
	case speaks && len(m.moving) < blindNameLimit:
		m.moving[op.Name] = true
	case !speaks && op.Outcome == simcity.Failed:
		m.failedBlindly(op)
	}
	return nil
}

// account of a holder; nil beyond the limit.
func (m *money) account(holder string) *account {
	if holder == "" {
		return &m.all
	}
	a := m.accounts[holder]
	if a == nil && len(m.accounts) < accountLimit {
		a = &account{}
		m.accounts[holder] = a
	}
	return a
}

func (m *money) pay(op *simcity.Operation, f *simcity.Fact, way int) {
	own := m.account(f.Holder)
	m.foreign = m.foreign || f.Holder != op.Citizen
	if op.Outcome == simcity.Failed {
		m.all.doubted = true
		if own != nil {
			own.doubted = true
		}
		return
	}
	if own == nil {
		m.all.doubted = true // whether this is a retry cannot be known any more
		return
	}
	if own.told(way, f.Of) {
		return
	}
	m.weigh(op, f, way)
	p := payment{way: way, amount: f.Amount, from: op.Start, to: op.End, client: op.Client()}
	if own != &m.all {
		own.add(p)
	}
	m.all.add(p)
	for i := range m.reports {
		r := &m.reports[i]
		if r.way == way && (r.holder == "" || r.holder == f.Holder) && op.Start <= r.to && op.End >= r.to {
			r.may += f.Amount
		}
	}
}

// weigh adds a payment to its claim.
func (m *money) weigh(op *simcity.Operation, f *simcity.Fact, way int) {
	b := m.claims[f.ID]
	if f.ID == "" || way == refunded && f.Of == "" || b == nil && len(m.claims) >= accountLimit {
		return
	}
	if b == nil {
		b = &balance{}
		m.claims[f.ID] = b
	}
	b.sums[way] += f.Amount
	b.isCharge = b.isCharge || way == charged
	if b.sums[refunded] > b.sums[charged] && len(m.excesses) < reportLimit {
		m.excesses = append(m.excesses, excess{balance: b, claim: f.ID, holder: f.Holder, at: op.End, operation: op.Number, citizen: op.Citizen})
	}
}

func (m *money) report(op *simcity.Operation, f *simcity.Fact) {
	way := charged
	switch f.Of {
	case "charged":
	case "refunded":
		way = refunded
	default:
		return
	}
	a := m.account(f.Holder)
	if op.Outcome == simcity.Failed || a == nil || len(m.reports) >= reportLimit {
		return
	}
	must, may, ok := a.total(way, op.Start, op.Client())
	if !ok {
		return
	}
	m.reports = append(m.reports, report{
		holder: f.Holder, way: way, amount: f.Amount, must: must, may: may,
		from: op.Start, to: op.End, operation: op.Number, citizen: op.Citizen,
	})
}

// failedBlindly notes an operation that failed without saying what it was about.
func (m *money) failedBlindly(op *simcity.Operation) {
	holders := m.blind[op.Name]
	if holders == nil {
		holders = make(map[string]bool)
		m.blind[op.Name] = holders
	}
	holders[op.Citizen] = true
	for i := range op.Facts {
		holders[op.Facts[i].Holder] = true
	}
	if len(m.blind) > blindNameLimit || len(holders) > accountLimit {
		m.doubtAll = true
	}
}

// doubted reports whether a holder's account may differ from what is known.
func (m *money) doubted(holder string) bool {
	if m.doubtAll {
		return true
	}
	if a := m.account(holder); a == nil || a.doubted {
		return true
	}
	for name, holders := range m.blind {
		if m.moving[name] && (holder == "" || m.foreign || holders[holder]) {
			return true
		}
	}
	return false
}

// decide judges the reports and the excesses that are ripe.
func (m *money) decide() {
	ripe := m.docket.ripe()
	early := 0
	for early < len(m.excesses) && m.excesses[early].at < ripe {
		m.compare(&m.excesses[early])
		early++
	}
	m.excesses = slices.Delete(m.excesses, 0, early)
	done := 0
	for done < len(m.reports) && m.reports[done].to < ripe {
		m.judge(&m.reports[done])
		done++
	}
	if done > 0 {
		m.reports = m.reports[:copy(m.reports, m.reports[done:])]
	}
}

func (m *money) compare(e *excess) {
	b := e.balance
	if !b.isCharge || b.sums[refunded] <= b.sums[charged] || m.doubted(e.holder) {
		return
	}
	m.docket.breach(simcity.Breach{
		Got:    fmt.Sprintf("%d paid back for claim %s of %s", b.sums[refunded], e.claim, e.holder),
		Want:   fmt.Sprintf("at most the %d that was charged for it", b.sums[charged]),
		Detail: fmt.Sprintf("operation %d of %s at %v", e.operation, e.citizen, e.at),
	})
}

func (m *money) judge(r *report) {
	if m.doubted(r.holder) {
		return
	}
	m.samples++
	if r.amount >= r.must && r.amount <= r.must+r.may {
		return
	}
	want := fmt.Sprint(r.must)
	if r.may > 0 {
		want = fmt.Sprintf("%d to %d", r.must, r.must+r.may)
	}
	what := [...]string{charged: "charged", refunded: "refunded"}[r.way]
	m.docket.breach(simcity.Breach{
		Got:    fmt.Sprintf("%d %s reported for %s", r.amount, what, nameOr(r.holder, "everybody")),
		Want:   want + ", the sum of what clients were told",
		Detail: fmt.Sprintf("operation %d of %s at %v", r.operation, r.citizen, r.to),
	})
}

func (m *money) tick(s *simcity.Snapshot) *simcity.Breach {
	m.docket.settle(s)
	m.decide()
	return m.docket.next()
}
