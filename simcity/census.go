package simcity

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// A census knows the populations of a run and who of them is there.
type census struct {
	mu          sync.Mutex
	populations []*populationState
	here        map[*Citizen]struct{} // the living, and others with clean-ups left
	born        int64
}

// populationState is a population at work. The census guards it.
type populationState struct {
	Population
	gate    *Gate
	weights float64

	born    int
	living  int
	all     verb       // its operations of any name
	worked  int64      // operations with outcome OK
	failed  *Operation // the last one that was not OK
	verbs   map[string]verb
	dropped int64
	ended   int     // lives
	broken  int     // lives that ended in an error
	lost    int     // broken lives that neither a refusal nor a fault explains
	limited int     // lives that reached their step limit
	lastErr string  // of the last broken life
	outside mishaps // requests that were part of no operation
	unclean mishaps // clean-ups that failed
}

// mishaps are how often something happened, and what it was the last time.
type mishaps struct {
	n    int
	last string
}

// A verb is what became of a population's operations of one name.
type verb struct {
	tries, failed int64
	worked        int64      // that were ok, or whose refusal told something
	last          *Operation // that failed, outside of faults if one did
	refused       *Operation // the last that was
	silent        int64      // of which nothing is known but that no error came
	steady, dead  int64      // tries outside of faults, and those of them that failed
}

func (v *verb) count(op *Operation) {
	v.tries++
	failed := op.Outcome == Failed
	switch {
	case failed:
		v.failed++
		if op.Steady || v.last == nil || !v.last.Steady {
			v.last = op
		}
	case op.Outcome == OK || op.Output != nil || len(op.Facts) > 0:
		v.worked++
	default:
		v.refused = op
	}
	if op.silent() {
		v.silent++
	}
	if op.Steady {
		v.steady++
		if failed {
			v.dead++
		}
	}
}

// tellingMin is how many operations or lives it takes until that most of them failed
// can hardly be chance.
const tellingMin = 10

// isDead tells whether most of the operations failed, or all of a few, though no fault
// made them.
func (v *verb) isDead() bool {
	const few = 3
	return v.steady >= tellingMin && 2*v.dead > v.steady || v.tries >= few && v.dead == v.tries
}

// death says that operations of the name failed most of the time, or never succeeded,
// as at a route that the target does not have; empty if neither.
func (v *verb) death(name string) string {
	switch {
	case v.isDead():
		return fmt.Sprintf("failed at %s %d of %d times, the last %s", name, v.dead, v.steady, v.last.how())
	case v.worked == 0 && v.steady >= tellingMin:
		last := v.refused
		if last == nil {
			last = v.last
		}
		return fmt.Sprintf("never succeeded at %s: %d operations, none of them ok, the last %s", name, v.tries, last.how())
	}
	return ""
}

// verbsMax is how many names of operations a population is watched for.
const verbsMax = 256

// room is how many citizens may live at once: in the city, residents apart, and at
// a target elsewhere, all together, where 0 is any number.
type room struct{ city, target int }

func (c *census) add(p *populationState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.populations = append(c.populations, p)
}

// sum counts those who live, and all who ever did.
func (c *census) sum() (living int, born int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	living, _ = c.living()
	return living, c.born
}

// living counts those who live, and the visitors among them, who are no residents.
// The caller holds mu.
func (c *census) living() (all, visitors int) {
	for _, p := range c.populations {
		all += p.living
		if !p.Resident {
			visitors += p.living
		}
	}
	return all, visitors
}

// full tells whether there is no room for one more of p.
func (c *census) full(p *populationState, room room) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.fullFor(p, room)
}

// fullFor is full; the caller holds mu.
func (c *census) fullFor(p *populationState, room room) bool {
	all, visitors := c.living()
	return !p.Resident && visitors >= room.city || room.target > 0 && all >= room.target
}

// admit gives one more of p its number, or drops it if there is no room. The number
// is 0 if the cut leaves that life out.
func (c *census) admit(p *populationState, room room, cut *Cut) (number int, admitted bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fullFor(p, room) {
		p.dropped++
		return 0, false
	}
	p.born++
	if !cut.hasCitizen(p.Name, p.born) {
		return 0, true
	}
	p.living++
	c.born++
	return p.born, true
}

// enter takes a citizen in, whom admit has let in.
func (c *census) enter(citizen *Citizen) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.here == nil {
		c.here = make(map[*Citizen]struct{})
	}
	c.here[citizen] = struct{}{}
}

// acted counts an operation of p.
func (c *census) acted(p *populationState, op *Operation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p.all.count(op)
	if op.Outcome == OK {
		p.worked++
	} else {
		p.failed = op
	}
	v, known := p.verbs[op.Name]
	if !known && len(p.verbs) >= verbsMax {
		return
	}
	v.count(op)
	if p.verbs == nil {
		p.verbs = make(map[string]verb)
	}
	p.verbs[op.Name] = v
}

// ended counts how a life ended; broken is its error, or empty.
func (c *census) ended(citizen *Citizen, broken string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := citizen.population
	p.ended++
	switch {
	case citizen.steps >= p.StepLimit:
		p.limited++
	case broken != "":
		p.broken++
		p.lastErr = citizen.id + ": " + broken
		op := citizen.last
		if op == nil || op.Steady && (op.Outcome == OK || op.Outcome == Failed) {
			p.lost++
		}
		if op != nil {
			p.lastErr += ", after " + op.came()
		}
	}
}

// happened counts a mishap of a population.
func (c *census) happened(to *mishaps, what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	to.n++
	to.last = what
}

// leave takes a citizen out, but for its clean-ups.
func (c *census) leave(citizen *Citizen) {
	c.mu.Lock()
	defer c.mu.Unlock()
	citizen.left = true
	citizen.population.living--
	if len(citizen.atEnd) == 0 {
		delete(c.here, citizen)
	}
}

// stillHere lists citizens with clean-ups left, in the order of their ids.
func (c *census) stillHere() []*Citizen {
	c.mu.Lock()
	defer c.mu.Unlock()
	citizens := make([]*Citizen, 0, len(c.here))
	for citizen := range c.here {
		if citizen.left { // one that never came back still owns itself
			citizens = append(citizens, citizen)
		}
	}
	slices.SortFunc(citizens, func(a, b *Citizen) int {
		if a.population != b.population {
			return slices.Index(c.populations, a.population) - slices.Index(c.populations, b.population)
		}
		return a.number - b.number
	})
	return citizens
}

// dropped counts arrivals for whom there was no room.
func (c *census) dropped() (n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.populations {
		n += p.dropped
	}
	return n
}

// came has the ids of all that arrived.
func (c *census) came() map[string]bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	came := make(map[string]bool)
	for _, p := range c.populations {
		for n := range p.born {
			came[p.Name+"/"+itoa(n+1)] = true
		}
	}
	return came
}

// doubts says which populations tested nothing, or less than they were to.
func (c *census) doubts(s *Scenario, most int) (doubts []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.populations {
		if s.mayBeEmpty(p.Name) {
			continue
		}
		if p.dropped > 0 {
			doubts = append(doubts, fmt.Sprintf("population %s: %d arrivals were dropped because the city was full; raise maxConcurrentAgents (%d; Policies.MaxConcurrentAgents of the scenario) or lower the arrival rate",
				p.Name, p.dropped, most))
		}
		if doubt := p.doubt(); doubt != "" {
			doubts = append(doubts, fmt.Sprintf("population %s %s; or list it in AllowEmpty", p.Name, doubt))
		}
	}
	return doubts
}

// notes say which populations tested less than a reader of a pass may think.
func (c *census) notes(s *Scenario) (notes []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.populations {
		if p.unclean.n > 0 {
			notes = append(notes, fmt.Sprintf("population %s: %s of Citizen.AtEnd failed, the last of %s", p.Name, counted(p.unclean.n, "clean-up"), p.unclean.last))
		}
		doubted := !s.mayBeEmpty(p.Name)
		if doubted && p.worked == 0 {
			continue // a doubt says so
		}
		if p.outside.n > 0 {
			notes = append(notes, fmt.Sprintf("population %s: %s outside of Citizen.Do, which no rule saw, the last %s; make requests inside of it", p.Name, counted(p.outside.n, "request"), p.outside.last))
		}
		if p.broken > 0 && !(doubted && p.isCutShort()) {
			notes = append(notes, fmt.Sprintf("population %s: %d of %d lives ended in an error, the last of %s", p.Name, p.broken, p.born, p.lastErr))
		}
		for _, name := range slices.Sorted(maps.Keys(p.verbs)) {
			switch v := p.verbs[name]; {
			case v.silent == v.tries:
				notes = append(notes, fmt.Sprintf("population %s: %s made no request, %d in all, and counts as ok for want of an error; let it send one by Citizen.Client, or if it reaches the host in another way set op.Output or Learn what came back", p.Name, name, v.tries))
			case doubted && v.death(name) != "": // a doubt says so
			case 2*v.failed > v.tries:
				notes = append(notes, fmt.Sprintf("population %s: %s failed %d of %d times, the last %s", p.Name, name, v.failed, v.tries, v.last.how()))
			}
		}
	}
	return notes
}

// silent tells whether nothing is known of the operation but that its function
// returned no error.
func (op *Operation) silent() bool {
	return !op.classified && op.Outcome == OK && op.Output == nil && len(op.Facts) == 0
}

// how says what an operation came to, and why.
func (op *Operation) how() string {
	return strings.TrimSpace(fmt.Sprintf("%s -> %s %d %s %s", op.Name, op.Outcome, op.Status, op.Err, op.said))
}

// came says what an operation came to.
func (op *Operation) came() string {
	return strings.TrimSpace(fmt.Sprintf("%s -> %s %d %s", op.Name, op.Outcome, op.Status, op.said))
}

// doubt says why a population tested nothing, or nothing.
func (p *populationState) doubt() string {
	switch {
	case p.all.tries == 0 && p.broken > 0:
		return fmt.Sprintf("never acted: %d of %d lives ended in an error, the last of %s", p.broken, p.born, p.lastErr)
	case p.all.tries == 0 && p.outside.n > 0:
		return fmt.Sprintf("never acted: %s outside of Citizen.Do, the last %s; make requests inside of it, so that they are operations", counted(p.outside.n, "request"), p.outside.last)
	case p.all.tries == 0 && p.born > 0:
		return fmt.Sprintf("never acted: %d citizens came and none did an operation: let their lives call Citizen.Do, and soon enough", p.born)
	case p.all.tries == 0:
		return "never acted: nobody came; let it arrive earlier or more often"
	case p.worked == 0:
		return fmt.Sprintf("never succeeded: %d operations, none of them ok, the last %s; mend the agent or the target, or say by op.Outcome or op.Output that the answers are right", p.all.tries, p.failed.how())
	case p.deaths() != "":
		return p.deaths() + ", and no fault was active; mend the agent or the target, or say by Simulation.Classify, op.Outcome or op.Output what its answers mean"
	case p.isCutShort():
		return fmt.Sprintf("was cut short: %d of %d lives that ended did so in an error, the last of %s", p.broken, p.ended, p.lastErr)
	case p.all.silent == p.all.tries:
		return fmt.Sprintf("never reached the target: its %d operations made no request and told nothing; let them send one by Citizen.Client, or if they reach the target in another way set op.Output or Learn what came back", p.all.tries)
	case p.limited == p.born:
		return fmt.Sprintf("was cut short: all %d citizens reached their StepLimit of %d operations; let them Sleep, or raise it", p.born, p.StepLimit)
	}
	return ""
}

// isCutShort tells whether all lives ended in an error, or most without an excuse.
func (p *populationState) isCutShort() bool {
	return p.ended > 0 && p.broken == p.ended || p.ended >= tellingMin && 2*p.lost > p.ended
}

// deaths say at what a population failed most of the time or never succeeded: at
// operations of a name, or else at all together.
func (p *populationState) deaths() string {
	var deaths []string
	for _, name := range slices.Sorted(maps.Keys(p.verbs)) {
		v := p.verbs[name]
		if death := v.death(name); death != "" {
			deaths = append(deaths, death)
		}
	}
	if len(deaths) == 0 && p.all.isDead() {
		deaths = append(deaths, fmt.Sprintf("failed %d of %d times, the last %s", p.all.dead, p.all.steady, p.all.last.how()))
	}
	return strings.Join(deaths, ", ")
}
