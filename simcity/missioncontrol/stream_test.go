package missioncontrol_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity/missioncontrol"
)

// upTo are the ids from 0 to n.
func upTo(n int) []string {
	all := make([]string, n+1)
	for i := range all {
		all[i] = strconv.Itoa(i)
	}
	return all
}

func TestStreamResumesWithNoEventLostOrDoubled(t *testing.T) {
	t.Parallel()
	d := setup(t)
	id := d.held()
	s := d.stream(id, "")
	require.Equal(t, "text/event-stream", s.header.Get("Content-Type"))
	require.Equal(t, "no-cache, no-transform", s.header.Get("Cache-Control"))
	require.Equal(t, "no", s.header.Get("X-Accel-Buffering"))
	got := ids(s.until(func(f frame) bool { return f.name == "event" && f.id == "3" }))
	s.close() // the cut
	d.data(200, "POST", "/api/simcity/step", `{"steps":20}`)
	again := d.stream(id, "3")
	got = append(got, ids(again.until(func(f frame) bool { return f.name == "event" && f.id == "20" }))...)
	again.close() // and again
	require.Equal(t, upTo(20), got)
	d.data(200, "POST", "/api/simcity/stop", "")

	last := d.stream(id, "20")
	defer last.close()
	frames := last.until(func(f frame) bool { return f.name == "end" })
	got = append(got, ids(frames)...)
	end := frames[len(frames)-1]
	count, err := strconv.Atoi(end.id)
	require.NoError(t, err)
	require.Equal(t, upTo(count-1), got)
	require.Contains(t, end.data, `"verdict":"STOPPED"`)
	_, more := last.next()
	require.False(t, more, "the stream is closed after its end")

	status, _, body := d.do(func() *http.Request {
		r := d.request("GET", "/api/ops/simcity/runs/"+id+"/stream", "")
		r.Header.Set("Last-Event-ID", end.id)
		return r
	}())
	require.Equal(t, 204, status, "a browser that has seen the end stays away")
	require.Empty(t, body)
}

func TestStreamBeginsWhereItIsAskedTo(t *testing.T) {
	t.Parallel()
	d := setup(t)
	id := d.flatOut(`{"scenario":"town","compression":0}`)
	s := d.open(d.request("GET", "/api/ops/simcity/runs/"+id+"/stream?from=5", ""), "")
	frames := s.until(func(f frame) bool { return f.name == "end" })
	s.close()
	require.Equal(t, "5", ids(frames)[0])
	s = d.open(d.request("GET", "/api/ops/simcity/runs/"+id+"/stream?from=5", ""), "9")
	frames = s.until(func(f frame) bool { return f.name == "end" })
	s.close()
	require.Equal(t, "10", ids(frames)[0], "Last-Event-ID goes before from")
}

// What a stream sends of a run is the same, whether it comes from memory or from
// the store.
func TestStoredRunStreamsAsTheLiveOne(t *testing.T) {
	t.Parallel()
	d := setup(t)
	id := d.flatOut(`{"scenario":"town","compression":0}`)
	s := d.stream(id, "")
	fromMemory := rowsOf(s.until(func(f frame) bool { return f.name == "end" }))
	s.close()
	d.flatOut(`{"scenario":"town","compression":0}`)
	s = d.stream(id, "")
	fromStore := rowsOf(s.until(func(f frame) bool { return f.name == "end" }))
	s.close()
	require.Equal(t, fromMemory, fromStore)
	end, err := strconv.Atoi(fromStore[len(fromStore)-1].id)
	require.NoError(t, err)
	r := d.request("GET", "/api/ops/simcity/runs/"+id+"/stream?from="+strconv.Itoa(end+1), "")
	status, _, _ := d.do(r)
	require.Equal(t, 204, status)
}

// rowsOf are the frames without heartbeats and without real times.
func rowsOf(frames []frame) []frame {
	var all []frame
	for _, f := range frames {
		if f.name != "heartbeat" {
			f.data = times.ReplaceAllString(f.data, "TIME")
			all = append(all, f)
		}
	}
	return all
}

func TestReaderBehindTheWindowGetsASnapshotFirst(t *testing.T) {
	t.Parallel()
	d := setup(t, func(c *missioncontrol.Config) { c.RetainEvents = 12 })
	id := d.flatOut(`{"scenario":"town","compression":0}`)
	s := d.stream(id, "2")
	defer s.close()
	frames := rowsOf(s.until(func(f frame) bool { return f.name == "end" }))
	var skip struct {
		Index, SkippedFrom, SkippedTo string
		Metrics                       struct{ Operations int }
	}
	require.Equal(t, "snapshot", frames[0].name)
	require.NoError(t, json.Unmarshal([]byte(frames[0].data), &skip))
	require.Equal(t, "3", skip.SkippedFrom)
	require.Equal(t, skip.Index, skip.SkippedTo)
	require.Equal(t, frames[0].id, skip.Index)
	require.Positive(t, skip.Metrics.Operations)
	index, err := strconv.Atoi(skip.Index)
	require.NoError(t, err)
	end, err := strconv.Atoi(frames[len(frames)-1].id)
	require.NoError(t, err)
	require.Equal(t, upTo(end - 1)[index+1:], ids(frames))
	missing := d.data(200, "GET", "/api/ops/simcity/runs/"+id+"/events?from=3&limit="+strconv.Itoa(index-2), "")
	require.Equal(t, strconv.Itoa(index+1), missing["next"], "they can be read")
}

// A pipe is a connection in memory. One that is stalled takes nothing.
type pipe struct {
	header  http.Header
	stalled chan struct{} // nil: it takes everything
	blocked chan struct{} // closed when it blocks a writer
	once    sync.Once

	mu   sync.Mutex
	text strings.Builder
}

func (p *pipe) Header() http.Header { return p.header }
func (p *pipe) WriteHeader(int)     {}
func (p *pipe) Flush()              {}
func (p *pipe) Write(b []byte) (int, error) {
	if p.stalled != nil {
		p.once.Do(func() { close(p.blocked) })
		<-p.stalled
		return 0, context.Canceled
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(b)
}

func (p *pipe) ids() []string {
	var all []string
	event := ""
	for line := range strings.Lines(p.text.String()) {
		if id, ok := strings.CutPrefix(line, "id: "); ok {
			event = strings.TrimSpace(id)
		}
		if line == "event: event\n" {
			all = append(all, event)
		}
	}
	return all
}

// A thousand streams, and one that takes nothing: the run ends while that one is
// stalled, and each of the others has every event once.
func TestStalledClientSlowsNobody(t *testing.T) {
	t.Parallel()
	const listeners = 1000
	d := setup(t)
	id := d.held()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var done sync.WaitGroup
	listen := func(p *pipe) {
		r := d.request("GET", "/api/ops/simcity/runs/"+id+"/stream", "").WithContext(ctx)
		d.mission.ServeHTTP(p, r)
	}
	stalled := &pipe{header: http.Header{}, stalled: make(chan struct{}), blocked: make(chan struct{})}
	var gone sync.WaitGroup
	gone.Go(func() { listen(stalled) })
	<-stalled.blocked
	pipes := make([]*pipe, listeners)
	for i := range pipes {
		pipes[i] = &pipe{header: http.Header{}}
		done.Go(func() { listen(pipes[i]) })
	}
	d.data(200, "POST", "/api/simcity/speed", `{"factor":0}`)
	done.Wait() // all have got the end
	summary := d.data(200, "GET", "/api/simcity/summary", "")
	require.Equal(t, "PASS", summary["verdict"])
	count, err := strconv.Atoi(summary["events"].(string))
	require.NoError(t, err)
	for _, p := range pipes {
		require.Equal(t, upTo(count-1), p.ids())
		require.Equal(t, 1, strings.Count(p.text.String(), "event: end\n"))
	}
	close(stalled.stalled)
	gone.Wait()
}

func TestTooManyStreamsAreRefused(t *testing.T) {
	t.Parallel()
	d := setup(t, func(c *missioncontrol.Config) { c.StreamsMax = 1 })
	id := d.data(201, "POST", "/api/simcity/start", `{"scenario":"town","compression":1}`)["runId"].(string)
	s := d.stream(id, "")
	defer s.close()
	_, ok := s.next()
	require.True(t, ok)
	status, header, body := d.call("GET", "/api/ops/simcity/runs/"+id+"/stream", "")
	require.Equal(t, 503, status)
	require.Equal(t, "2", header.Get("Retry-After"))
	require.Contains(t, body, "too_many_streams")
}

func TestCloseTellsStreamsTheEnd(t *testing.T) {
	t.Parallel()
	d := setup(t)
	id := d.held()
	s := d.stream(id, "")
	defer s.close()
	_, ok := s.next()
	require.True(t, ok)
	require.NoError(t, d.mission.Close())
	frames := s.until(func(f frame) bool { return f.name == "end" })
	require.Contains(t, frames[len(frames)-1].data, `"verdict":"STOPPED"`)
	status, _, body := d.call("POST", "/api/simcity/start", `{"scenario":"town"}`)
	require.Equal(t, 503, status)
	require.Contains(t, body, `"closed"`)
}

func atoi(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	require.NoError(t, err)
	return n
}
