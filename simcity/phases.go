package simcity

import (
	"context"
	"crypto/tls"
	"maps"
	"net"
	"net/http/httptrace"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bookiji/simcity/internal/staging"
)

// phases measures, in real time, what requests wait for.
type phases struct {
	mu        sync.Mutex
	trends    map[string]*Trend
	protocols map[string]int64
	opened    int64
	reused    int64
}

// The phases of a request.
const (
	phaseDNS       = "dns"
	phaseConnect   = "connect"
	phaseTLS       = "tls"
	phaseFirstByte = "firstByte"
	phaseBody      = "body"
)

// record adds to a phase. The caller holds mu.
func (p *phases) record(phase string, d time.Duration) {
	trend := p.trends[phase]
	if trend == nil {
		trend = NewTrend()
		p.trends[phase] = trend
	}
	trend.Record(d)
}

func (p *phases) add(phase string, began time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.record(phase, time.Since(began))
}

func newPhases() *phases {
	return &phases{trends: make(map[string]*Trend), protocols: make(map[string]int64)}
}

// watch measures what the guard does: it looks names up and connects.
func (p *phases) watch(guard *staging.Guard) {
	resolve, dial := guard.Resolve, guard.Dial
	guard.Resolve = func(ctx context.Context, name string) ([]netip.Addr, error) {
		defer p.add(phaseDNS, time.Now())
		return resolve(ctx, name)
	}
	guard.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		began := time.Now()
		conn, err := dial(ctx, network, address)
		if err == nil {
			p.add(phaseConnect, began)
		}
		return conn, err
	}
}

// A stopwatch watches one request. Its hooks may be called on other goroutines,
// even after the answer, so that they only store instants.
type stopwatch struct {
	hooks     httptrace.ClientTrace
	reused    atomic.Bool
	sent      atomic.Int64 // instants, 0 until then
	firstByte atomic.Int64
	shook     atomic.Int64 // when a TLS handshake began
	shaken    atomic.Int64 // and when it ended
}

func newStopwatch() *stopwatch {
	x := &stopwatch{}
	x.hooks = httptrace.ClientTrace{
		GotConn:              func(info httptrace.GotConnInfo) { x.reused.Store(info.Reused) },
		WroteRequest:         func(httptrace.WroteRequestInfo) { x.sent.Store(instant()) },
		GotFirstResponseByte: func() { x.firstByte.Store(instant()) },
		TLSHandshakeStart:    func() { x.shook.Store(instant()) },
		TLSHandshakeDone:     func(tls.ConnectionState, error) { x.shaken.Store(instant()) },
	}
	return x
}

func (x *stopwatch) reset() {
	x.reused.Store(false)
	for _, at := range [...]*atomic.Int64{&x.sent, &x.firstByte, &x.shook, &x.shaken} {
		at.Store(0)
	}
}

// whole tells that all hooks have been called: those of a request that was
// answered early, or that began to connect, may still be.
func (x *stopwatch) whole() bool {
	return x.reused.Load() && x.sent.Load() > 0 && x.firstByte.Load() > 0
}

var epoch = time.Now()

// instant is nanoseconds since the process began, more than 0.
func instant() int64 { return int64(time.Since(epoch)) + 1 }

// done takes what one request that was answered has waited for.
func (p *phases) done(x *stopwatch, protocol string) {
	now, sent, first := instant(), x.sent.Load(), x.firstByte.Load()
	shook, shaken := x.shook.Load(), x.shaken.Load()
	p.mu.Lock()
	defer p.mu.Unlock()
	if first > 0 && sent > 0 {
		p.record(phaseFirstByte, time.Duration(first-sent))
		p.record(phaseBody, time.Duration(now-first))
	}
	if shook > 0 && shaken > shook {
		p.record(phaseTLS, time.Duration(shaken-shook))
	}
	if x.reused.Load() {
		p.reused++
	} else {
		p.opened++
	}
	p.protocols[protocol]++
}

// into writes what was measured into the result.
func (p *phases) into(res *RemoteResult) {
	p.mu.Lock()
	defer p.mu.Unlock()
	res.Opened, res.Reused, res.Protocols = p.opened, p.reused, maps.Clone(p.protocols)
	res.Phases = make(map[string]TrendSummary, len(p.trends))
	for name, trend := range p.trends {
		res.Phases[name] = trend.Summary()
	}
}
