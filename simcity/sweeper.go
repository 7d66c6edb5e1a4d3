package simcity

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A sweeper is a worker process of this test binary that runs the seeds it is given, one
// line each on its third file, and answers on its fourth.
type sweeper struct {
	command  *exec.Cmd
	seeds    *os.File
	answers  *os.File
	lines    *bufio.Reader // of the answers
	begun    []byte        // a line that has not all come yet
	said     *tail
	looked   time.Time // when its time and memory were looked at
	answered bool      // once: its test has come to the simulation
	brief    bool      // its last seed was; never under the race detector, whose reports are told apart by seed
	ended    int       // seeds that it has run to their end
	last     uint64
	waited   sync.Once
	end      error // how it ended, once waited for
}

// A worker ends when its sweep wants no more of it, and what it starts is not to hold
// the worker's ends of the pipes.
func init() {
	if os.Getenv(envWorker) != "" {
		outliveSignals()
		syscall.CloseOnExec(3)
		syscall.CloseOnExec(4)
	}
}

// hire starts a worker for the sweep's simulation.
func (s *sweep) hire() (*sweeper, error) {
	seedsOut, seeds, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	answers, answersIn, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	var pattern []string
	for part := range strings.SplitSeq(s.play.t.Name(), "/") {
		pattern = append(pattern, "^"+regexp.QuoteMeta(part)+"$")
	}
	w := &sweeper{seeds: seeds, answers: answers, lines: bufio.NewReader(answers), said: &tail{more: make(chan struct{}, 1)}}
	w.command = exec.Command(os.Args[0], "-test.run="+strings.Join(pattern, "/"), "-test.count=1", "-test.timeout=0")
	w.command.Env = append(os.Environ(), envWorker+"="+strconv.Itoa(s.ordinal))
	if s.play.simulation.explore.Order != Free { // who takes turns needs no second processor
		w.command.Env = append(w.command.Env, "GOMAXPROCS=1")
	}
	w.command.ExtraFiles = []*os.File{seedsOut, answersIn}
	w.command.Stdout, w.command.Stderr = w.said, w.said
	w.command.WaitDelay = time.Second                    // what it started may go on and hold its output
	if !s.play.simulation.clock.inner.HostTimeIsReal() { // whose runs stop at once when a terminal says so
		ownGroup(w.command)
	}
	err = w.command.Start()
	_, _ = seedsOut.Close(), answersIn.Close()
	if err != nil {
		_, _ = seeds.Close(), answers.Close()
		return nil, fmt.Errorf("simcity: no worker process for the sweep: %w", err)
	}
	return w, nil
}

// give hands the worker seeds, which it runs one after the other. One that is gone
// takes none, which await tells.
func (w *sweeper) give(seeds ...uint64) {
	for _, seed := range seeds {
		_, _ = fmt.Fprintln(w.seeds, seed)
	}
}

// brief is what a worker's seed takes at most if the worker is to have the next in hand:
// to wait for it would be felt there, and it is soon over when the sweep is to stop.
const brief = 100 * time.Millisecond

// await waits until the worker has run the seed that it was given first, and reports
// whether it is fit for another.
func (w *sweeper) await(seed uint64, limits settings) (out outcome, alive bool) {
	const glance = 100 * time.Millisecond // how often its time and memory are looked at
	began := time.Now()
	for {
		if now := time.Now(); now.Sub(w.looked) >= glance {
			w.looked = now
			if now.Sub(began) > limits.seedTime {
				w.kill()
				return w.failed(seed, "time", fmt.Sprintf("the seed took longer than %s; raise %s if it may", limits.seedTime, envSeedTime)), false
			}
			if used := residentMemory(w.command.Process.Pid); used > limits.seedMemory {
				w.kill()
				return w.outright(seed, "memory", fmt.Sprintf("its process took %d MB, more than %d MB; raise %s if it may", used>>20, limits.seedMemory>>20, envSeedMemory)), false
			}
		}
		line, err := w.answer(w.looked.Add(glance))
		if errors.Is(err, os.ErrDeadlineExceeded) {
			continue
		}
		if err != nil {
			return w.died(seed), false
		}
		if w.answered = true; string(line) == ready {
			continue
		}
		if json.Unmarshal(line, &out) != nil {
			w.kill()
			return w.died(seed), false
		}
		if raceFlag != "" {
			if race := after(dataRace, w.said.upTo(seedDone, began.Add(limits.seedTime))); race != "" {
				return w.failed(seed, "data race", race), false
			}
		}
		w.ended, w.last, w.brief = w.ended+1, seed, raceFlag == "" && time.Since(began) < brief
		return out, !out.Spent
	}
}

// answer is the next line of the worker's, which may come until then.
func (w *sweeper) answer(until time.Time) ([]byte, error) {
	_ = w.answers.SetReadDeadline(until)
	more, err := w.lines.ReadBytes('\n')
	line := append(w.begun, more...)
	if err != nil {
		w.begun = line
		return nil, err
	}
	w.begun = nil
	return line[:len(line)-1], nil
}

// gone waits until the process has ended, and tells how.
func (w *sweeper) gone() error {
	w.waited.Do(func() {
		_ = w.answers.SetReadDeadline(time.Time{})
		_, _ = io.Copy(io.Discard, w.lines)
		_ = w.answers.Close()
		w.end = w.command.Wait()
		if errors.Is(w.end, exec.ErrWaitDelay) { // it ended well, and something holds its output
			w.end = nil
		}
	})
	return w.end
}

// died says how the process ended that was at work on the seed, and ends what it has
// started.
func (w *sweeper) died(seed uint64) outcome {
	how := "it exited with status 0 in the middle of the run: os.Exit in the host or an agent"
	if err := w.gone(); err != nil {
		how = err.Error()
	}
	endGroup(w.command)
	if !w.answered {
		how = "the worker's test ended before it came to the simulation (" + how + "); a TestMain that needs a port or a folder for itself does so. It said last: " + w.said.last()
		return w.failed(seed, "worker", how)
	}
	if end := w.crash(); end != "" {
		how += ": " + end
	} else if exit := (*exec.ExitError)(nil); errors.As(w.gone(), &exit) && exit.Exited() {
		how += ": os.Exit in the host or an agent"
	}
	if race := after(dataRace, w.said.all()); race != "" {
		return w.failed(seed, "data race", race)
	}
	return w.outright(seed, "crash", how)
}

// crashBegins is how Go tells that a process crashes, which then exits with status 2, or
// by a signal if GOTRACEBACK asks for it.
var crashBegins = regexp.MustCompile(`(?m)^(panic|fatal error): `)

// crash is what the process said when it crashed, or nothing.
func (w *sweeper) crash() string {
	said := w.said.all()
	begins := crashBegins.FindAllStringIndex(said, -1)
	var exit *exec.ExitError
	if errors.As(w.gone(), &exit) && (exit.ExitCode() == 2 || !exit.Exited()) && len(begins) > 0 {
		return said[begins[len(begins)-1][0]:]
	}
	return ""
}

// outright is a failure of the process.
func (w *sweeper) outright(seed uint64, what, how string) outcome {
	out := w.failed(seed, what, how)
	out.outright = true
	return out
}

// dataRace is how a report of the race detector begins.
const dataRace = "WARNING: DATA RACE"

func (w *sweeper) failed(seed uint64, what, how string) outcome {
	const most = 8000
	how = how[:min(len(how), most)]
	signature := what + ": " + withoutNumbers(how)
	if what == "data race" {
		function, place := hostFrame("goroutine\n" + raceFrames(how))
		signature = what + " in " + cmp.Or(function, place)
	}
	return outcome{Seed: seed, Verdict: Fail, Signature: signature, Reason: "the seed's process failed: " + how}
}

// kill ends the process, and what it has started.
func (w *sweeper) kill() {
	endGroup(w.command)
	_ = w.gone()
}

// dismissal is how long a worker may take to clean up.
const dismissal = 30 * time.Second

// dismiss lets the worker end: its test is over when no seed comes.
func (w *sweeper) dismiss() {
	if w == nil {
		return
	}
	_ = w.seeds.Close()
	late := time.AfterFunc(dismissal, func() { endGroup(w.command) })
	defer late.Stop()
	_ = w.gone()
}

// obeySweep is the worker's side: it runs the seeds that it is given, and then
// ends the test, so that TestMain cleans up.
func (p *play) obeySweep() {
	p.t.Helper()
	seeds, answers := bufio.NewScanner(os.NewFile(3, "seeds")), os.NewFile(4, "answers")
	told := make(map[string]bool)
	fmt.Fprintln(answers, ready)
	for seeds.Scan() {
		seed, err := strconv.ParseUint(seeds.Text(), 10, 64)
		if err != nil {
			p.t.Fatalf("simcity: a sweep's worker was told %q, which is no seed", seeds.Text())
		}
		p.simulation.seed = seed
		res := p.judgeSeed()
		out := outcome{Seed: seed, Verdict: res.Verdict, Signature: res.Signature(), Digest: res.Digest.String(), Operations: res.Operations, Reached: res.Reached, Seams: len(res.Seams) > 0, Spent: res.spent()}
		if res.Verdict != Pass {
			out.Reason = strings.Join(res.Reasons, "\n")
			if !told[out.Signature] {
				told[out.Signature] = true
				out.Bundle, _ = writeBundle(p.t, res, p.simulation.explore, false)
			}
		}
		if raceFlag != "" {
			fmt.Fprint(os.Stderr, seedDone)
		}
		line, err := json.Marshal(out)
		if err == nil {
			_, err = fmt.Fprintf(answers, "%s\n", line)
		}
		if err != nil {
			p.t.Fatalf("simcity: a sweep's worker could not answer: %v", err)
		}
		if out.Spent {
			break
		}
	}
	p.t.SkipNow()
}

// ready is what a worker answers first, when its test has come to the simulation.
const ready = `"ready"`

// seedDone is what a worker says when it has said everything about a seed, so that
// reports of races are told apart.
const seedDone = "\nsimcity: a seed is done\n"

// A tail keeps the end of what a process says.
type tail struct {
	more chan struct{} // buffered by one: something was said
	mu   sync.Mutex
	text []byte
}

const tailKept = 64 << 10

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	if extra := len(t.text) - tailKept; extra > 0 {
		t.text = t.text[extra:]
	}
	select {
	case t.more <- struct{}{}:
	default:
	}
	return len(b), nil
}

// all is what was said and not yet taken.
func (t *tail) all() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}

// last are the last words of a process, a line.
func (t *tail) last() string {
	const most = 300
	words := strings.Join(strings.Fields(t.all()), " ")
	return words[max(0, len(words)-most):]
}

// upTo waits for a mark, and takes what was said before it; nothing when it is late.
func (t *tail) upTo(mark string, late time.Time) string {
	for {
		if said, ok := t.cut(mark); ok {
			return said
		}
		select {
		case <-t.more:
		case <-time.After(time.Until(late)):
			return ""
		}
	}
}

func (t *tail) cut(mark string) (said string, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	before, rest, ok := bytes.Cut(t.text, []byte(mark))
	if ok {
		said = string(before) // first: what is left takes its place
		t.text = append(t.text[:0], rest...)
	}
	return said, ok
}

// after is a text from the last time that it has that beginning, or nothing.
func after(beginning, text string) string {
	if i := strings.LastIndex(text, beginning); i >= 0 {
		return text[i:]
	}
	return ""
}

// residentMemory is what a process takes, in bytes; 0 where /proc does not tell.
func residentMemory(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

// raceFrames are the stack lines of the first access in a race report, in the
// shape of a goroutine's dump.
func raceFrames(report string) string {
	var lines []string
	for _, line := range strings.Split(report, "\n") {
		if trimmed := strings.TrimSpace(line); trimmed != line && trimmed != "" {
			lines = append(lines, trimmed)
		}
	}
	return strings.Join(lines, "\n")
}
