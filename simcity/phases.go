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
	if p.trends == nil {
		p.trends, p.protocols = make(map[string]*Trend), make(map[string]int64)
	}
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

// An exchangeTrace watches one request. Its hooks may be called on other
// goroutines, and after the answer.
type exchangeTrace struct {
	hooks     httptrace.ClientTrace
	began     time.Time
	reused    atomic.Bool
	sent      atomic.Int64 // nanoseconds since began, at least 1
	firstByte atomic.Int64
	shook     atomic.Int64 // TLS handshake: when it began
	shaken    atomic.Int64 // and how long it took
}

// trace makes the hooks of one request.
func (p *phases) trace(ctx context.Context) (context.Context, *exchangeTrace) {
	x := &exchangeTrace{began: time.Now()}
	x.hooks = httptrace.ClientTrace{
		GotConn:              x.gotConn,
		WroteRequest:         x.wroteRequest,
		GotFirstResponseByte: x.gotFirstByte,
		TLSHandshakeStart:    x.handshakeStart,
		TLSHandshakeDone:     x.handshakeDone,
	}
	return httptrace.WithClientTrace(ctx, &x.hooks), x
}

func (x *exchangeTrace) now() int64 { return max(int64(time.Since(x.began)), 1) }

func (x *exchangeTrace) gotConn(info httptrace.GotConnInfo)           { x.reused.Store(info.Reused) }
func (x *exchangeTrace) wroteRequest(httptrace.WroteRequestInfo)      { x.sent.Store(x.now()) }
func (x *exchangeTrace) gotFirstByte()                                { x.firstByte.Store(x.now()) }
func (x *exchangeTrace) handshakeStart()                              { x.shook.Store(x.now()) }
func (x *exchangeTrace) handshakeDone(_ tls.ConnectionState, _ error) { x.shaken.Store(x.now()) }

// done takes what one request that was answered has waited for.
func (p *phases) done(x *exchangeTrace, protocol string) {
	now, sent, first := x.now(), x.sent.Load(), x.firstByte.Load()
	shook, shaken := x.shook.Load(), x.shaken.Load()
	p.mu.Lock()
	defer p.mu.Unlock()
	if first > 0 {
		p.record(phaseFirstByte, time.Duration(first-sent))
		p.record(phaseBody, time.Duration(now-first))
	}
	if shaken > shook && shook > 0 {
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
