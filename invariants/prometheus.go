package invariants

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/bookiji/simcity/simcity"
)

// Prometheus is a collector that reads the target's own metrics once per tick
// from path, "" meaning "/metrics", in the Prometheus text format, and sets them
// as gauges in [simcity.World.Metrics]: each name as the sum over its label
// sets, and up to 200 label sets as name{k="v"}. Histograms and summaries give
// _sum and _count. A page is at most 1 MiB. A target that answers with anything
// else is an error that names the path and is the same text every time, so that
// a run tells it once.
func Prometheus(path string) simcity.Collector {
	if path == "" {
		path = "/metrics"
	}
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	return &prometheus{path: path}
}

// prometheus is a page of metrics at a path.
type prometheus struct {
	path string
	reader
}

func (p *prometheus) Collect(ctx context.Context, w *simcity.World) error {
	room := rooms.Get().(*room)
	defer rooms.Put(room)
	found, err := p.read(ctx, w.Client(), w.BaseURL(), room)
	w.Metrics().Replace(p.path, found) // after an error none are left: old figures are no samples
	return err
}

// read fetches the page and its figures, which lie in room.
func (p *prometheus) read(ctx context.Context, client *http.Client, base string, room *room) (map[string]float64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+p.path, nil)
	if err != nil {
		return nil, p.trouble(err)
	}
	request.Header.Set("Accept", "text/plain; version=0.0.4")
	response, err := client.Do(request)
	if err != nil {
		return nil, p.trouble(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, p.trouble(fmt.Errorf("status %d", response.StatusCode))
	}
	page := &room.page
	page.Reset()
	page.Grow(min(max(0, int(response.ContentLength)), expositionLimit) + bytes.MinRead)
	if _, err := page.ReadFrom(io.LimitReader(response.Body, expositionLimit+1)); err != nil {
		return nil, p.trouble(err)
	}
	if page.Len() > expositionLimit {
		return nil, p.trouble(fmt.Errorf("more than %d bytes", expositionLimit))
	}
	found, err := p.figures(page.Bytes(), room)
	if err != nil {
		return nil, p.trouble(err)
	}
	return found, nil
}

func (p *prometheus) trouble(err error) error {
	return fmt.Errorf("invariants: metrics at %s: %w; serve the Prometheus text format there, or give Prometheus the right path", p.path, err)
}
