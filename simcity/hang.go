package simcity

import (
	"bytes"
	"fmt"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// hangAdvice tells what a goroutine that holds a bubble's time is waiting for,
// by the wait reason that the runtime prints.
type hangAdvice struct {
	reasons  []string
	within   string // a function that must be on the stack, if any
	lock     bool
	what     string
	advice   string
	severity FindingSeverity
}

var hangAdvices = []hangAdvice{
	{
		reasons:  []string{"sync.Mutex.Lock", "sync.RWMutex.RLock", "sync.RWMutex.Lock", "semacquire"},
		lock:     true,
		what:     "waits for a lock",
		advice:   "a lock that is held across a seam, a sleep or a channel stops simulated time: run go test with " + overlayWords + ", which makes locks seams, let go of it first, or run this host with .Clock(simcity.Stepped())",
		severity: InconclusiveFinding,
	},
	{
		reasons:  []string{"IO wait"},
		within:   "net/http.(*Server).Serve(",
		what:     "listens for connections, as an http.Server or httptest.Server that was started in the run does, so simulated time stands still",
		advice:   "give its handler to simcity.InProcess and start no server, or start it outside of the run and give its address to simcity.URL; one that stands for another service can be called through its handler, too",
		severity: InconclusiveFinding,
	},
	{
		reasons:  []string{"IO wait", "syscall"},
		what:     "sits in a socket or file read, so simulated time stands still",
		advice:   "run this host with .Clock(simcity.Stepped()); if it is an idle connection of net/http, set DisableKeepAlives on its transport",
		severity: InconclusiveFinding,
	},
	{
		reasons:  []string{"running", "runnable"},
		what:     "runs without end",
		advice:   "a loop never blocks nor returns: see its stack",
		severity: FailFinding,
	},
	{
		reasons:  []string{"chan receive", "chan send", "select"},
		what:     "waits for a channel that was made outside the bubble",
		advice:   "make channels, timers and the host inside the target's factory, so that they belong to the run",
		severity: InconclusiveFinding,
	},
}

// dumpHeader is the first line of a goroutine in a dump, such as
// goroutine 12 [sync.Mutex.Lock, 2 minutes, synctest bubble 3]:
var dumpHeader = regexp.MustCompile(`^goroutine (\d+)(?: gp=\S+ m=\S+(?: mp=\S+)?)? \[([^\],]+)([^\]]*)\]:`)

// goroutine is one of a dump.
type goroutine struct {
	reason  string
	durable bool
	bubble  string
	stack   string
}

// dump is every goroutine of the process.
func dump() []byte {
	for size := 32 << 10; ; size *= 2 {
		buffer := make([]byte, size)
		if n := runtime.Stack(buffer, true); n < size || size >= 64<<20 {
			return buffer[:n]
		}
	}
}

// goroutines are those of the process.
func goroutines() []goroutine {
	buffer := dump()
	var all []goroutine
	for _, block := range bytes.Split(buffer, []byte("\n\n")) {
		header := dumpHeader.FindSubmatch(block)
		if header == nil {
			continue
		}
		g := goroutine{reason: strings.TrimSpace(string(header[2])), stack: string(block)}
		g.reason, g.durable = strings.CutSuffix(g.reason, " (durable)")
		if _, bubble, ok := strings.Cut(string(header[3]), "synctest bubble "); ok {
			g.bubble = bubble
		}
		all = append(all, g)
	}
	return all
}

// bubbleHere is the bubble of the calling goroutine, empty outside of one.
func bubbleHere() string {
	buffer := make([]byte, 256)
	buffer = buffer[:runtime.Stack(buffer, false)]
	header, _, _ := bytes.Cut(buffer, []byte("]:"))
	_, bubble, _ := strings.Cut(string(header), "synctest bubble ")
	return bubble
}

// hangFinding explains why nothing moves: who is under way, what holds time,
// and what to do.
func hangFinding(bubble string, underway []string, phase, limit string) Finding {
	var culprits, others []goroutine // those that hold time, and other handlers under way
	all := goroutines()
	asked, ticks := askedIn(all, bubble), false
	for _, g := range all {
		switch {
		case g.bubble != bubble || bubble == "" || strings.Contains(g.stack, "internal/synctest.Wait") || strings.Contains(g.reason, "synctest"):
		case len(asked) > 0 && strings.Contains(g.stack, "internal/synctest.Run("): // the bubble itself, about to let time pass
			ticks = true
		case !g.durable:
			culprits = append(culprits, g)
		case strings.Contains(g.stack, "(*exchange).serve("):
			others = append(others, g)
		}
	}
	f := Finding{Kind: FindingHang, Severity: InconclusiveFinding, Actor: strings.Join(underway, "; ")}
	who := "nobody"
	switch {
	case len(underway) > 0:
		who = strings.Join(underway, "; ")
	case len(asked) > 0:
		who = askedAt(asked)
	}
	f.Text = fmt.Sprintf("nothing moved for %s of real time %s; under way: %s", limit, phase, who)
	for _, advice := range hangAdvices {
		for _, g := range culprits {
			if !advice.fits(g) {
				continue
			}
			f.Severity = advice.severity
			f.Text += strings.TrimSuffix(fmt.Sprintf("; a goroutine %s [%s] at %s", advice.what, g.reason, firstHostFrame(g.stack)), " at "+unknownPlace)
			f.Text += advice.conclude(&f, others)
			f.Stack = joinStacks(slices.Concat(asked, culprits, others))
			return f
		}
	}
	f.Stack = joinStacks(append(asked, culprits...))
	if ticks {
		f.Severity = FailFinding
		f.Text += "; meanwhile simulated time goes on and on: something of the host ticks, or sleeps in a loop, and is not told to end"
	}
	f.Text += "; advice: see the stacks"
	return f
}

// askedIn are the goroutines of a bubble that wait in what the run asked the host for,
// outside of requests: to be built, or to close.
func askedIn(all []goroutine, bubble string) (asked []goroutine) {
	for _, g := range all {
		if bubble != "" && g.bubble == bubble && g.durable && strings.Contains(g.stack, "(*run).guard.func1(") {
			asked = append(asked, g)
		}
	}
	return asked
}

func askedAt(asked []goroutine) string {
	return "a function of the host that waits at " + firstHostFrame(asked[0].stack)
}

// conclude names who may hold a lock that is waited for. If no other handler is
// under way nobody will ever let go of it: that is the host's own deadlock.
func (a *hangAdvice) conclude(f *Finding, others []goroutine) string {
	switch {
	case !a.lock:
	case len(others) == 0:
		f.Severity = FailFinding
		return "; no other handler is under way that could let go of it: a deadlock in the host; advice: take locks in one order, none of them twice, and let go of each on every way out, as with defer; see the stacks"
	default:
		text := "; other handlers under way, one of which may hold it:"
		for _, g := range others {
			text += fmt.Sprintf(" [%s] at %s", g.reason, firstHostFrame(g.stack))
		}
		return text + "; advice: " + a.advice
	}
	return "; advice: " + a.advice
}

func (a *hangAdvice) fits(g goroutine) bool {
	if !strings.Contains(g.stack, a.within) {
		return false
	}
	for _, reason := range a.reasons {
		if strings.HasPrefix(g.reason, reason) {
			return true
		}
	}
	return false
}

// firstHostFrame is the place of the innermost frame that is neither the runtime's
// nor the standard library's nor ours.
func firstHostFrame(stack string) string {
	_, place := hostFrame(stack)
	return place
}

// hostFrame is the function of that frame, empty if there is none, and its place.
func hostFrame(stack string) (function, place string) {
	lines := strings.Split(stack, "\n")
	for i := 1; i+1 < len(lines); i += 2 {
		call, file := lines[i], strings.TrimSpace(lines[i+1])
		if strings.HasPrefix(call, "created by ") {
			break
		}
		if standardRoot != "" && strings.HasPrefix(file, standardRoot) || strings.Contains(call, "bookiji/simcity/simcity.") || strings.Contains(call, "simcity/internal/conductor.") {
			continue
		}
		file, _, _ = strings.Cut(file, " +0x")
		return call[:max(strings.LastIndexByte(call, '('), 0)], file
	}
	return "", unknownPlace
}

const unknownPlace = "an unknown place"

// standardRoot is the folder of the standard library's sources as this binary's
// stacks name it; empty if it was built with -trimpath.
var standardRoot = func() string {
	cut := runtime.FuncForPC(reflect.ValueOf(strings.Cut).Pointer())
	file, _ := cut.FileLine(cut.Entry())
	return strings.TrimSuffix(file, "strings/strings.go")
}()

// joinStacks shows each stack once, however many goroutines have it.
func joinStacks(all []goroutine) string {
	const most = 8
	var shapes []string
	first, count := map[string]string{}, map[string]int{}
	for _, g := range all {
		_, frames, _ := strings.Cut(g.stack, "\n")
		shape := inStacks.ReplaceAllString(strings.TrimSpace(frames), "") // a dump ends with an empty line
		if count[shape]++; count[shape] == 1 {
			shapes = append(shapes, shape)
			first[shape] = g.stack
		}
	}
	var b strings.Builder
	for _, shape := range shapes[:min(most, len(shapes))] {
		b.WriteString(first[shape] + "\n")
		if more := count[shape] - 1; more > 0 {
			fmt.Fprintf(&b, "and %s like it\n", counted(more, "goroutine"))
		}
		b.WriteString("\n")
	}
	if more := len(shapes) - most; more > 0 {
		fmt.Fprintf(&b, "... and %s more\n", counted(more, "stack"))
	}
	return b.String()
}

// inStacks is what differs between goroutines that are at the same place.
var inStacks = regexp.MustCompile(`0x[0-9a-f]+\??|goroutine \d+`)
