package invariants

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Limits of a page of metrics.
const (
	expositionLimit = 1 << 20 // bytes
	figureLimit     = 2000    // names
	labelledLimit   = 200     // names with labels
)

// seriesLimit is how many beginnings of lines a reader keeps.
const seriesLimit = 10_000

var errNoFigures = errors.New("no figures in it")

// A reader of pages in the Prometheus text format keeps what the beginnings of their
// lines mean, because a page has the lines of the one before, with other values. Its
// zero value is ready, and safe for concurrent use.
type reader struct {
	mu     sync.Mutex
	known  map[string]series
	parser *expfmt.TextParser
}

// A series is what stands before a value.
type series struct {
	name     string
	labelled string // name{k="v"}, sorted by label; "" without labels
	part     bool   // of a distribution: a bucket or a quantile
}

// A sample is a line.
type sample struct {
	series
	value float64
}

// A room is the memory that reading a page takes, for the next page to use again.
type room struct {
	page    bytes.Buffer
	samples []sample
	found   map[string]float64
}

func newRoom() *room { return &room{found: make(map[string]float64)} }

var rooms = sync.Pool{New: func() any { return newRoom() }}

// figures are the sum over label sets for each name, and each label set as
// name{k="v"}, as far as the limits reach in the order of the names. Every series is
// read as what its line says, whatever HELP and TYPE say: many hosts write those
// twice, late or wrongly. So a histogram or summary gives its _sum and _count;
// buckets and quantiles, which mean nothing when summed up, are left out, and so are
// NaN and the infinities. What it returns lies in room.
func (r *reader) figures(page []byte, room *room) (map[string]float64, error) {
	samples, err := r.samples(page, room.samples[:0])
	if err != nil {
		return nil, err
	}
	room.samples = samples
	if len(samples) > labelledLimit { // else no limit is met
		slices.SortStableFunc(samples, func(a, b sample) int { return strings.Compare(a.name, b.name) })
	}
	found := room.found
	clear(found)
	names, labelled := 0, 0
	for _, s := range samples {
		if s.part || math.IsNaN(s.value) || math.IsInf(s.value, 0) {
			continue
		}
		before, ok := found[s.name]
		if !ok {
			if names >= figureLimit {
				continue
			}
			names++
		}
		if sum := before + s.value; !math.IsInf(sum, 0) {
			found[s.name] = sum
		}
		if s.labelled != "" && labelled < labelledLimit {
			labelled++
			found[s.labelled] = s.value
		}
	}
	if len(found) == 0 {
		return nil, errNoFigures
	}
	return found, nil
}

// samples appends the lines that are no comments.
func (r *reader) samples(page []byte, samples []sample) ([]sample, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	number := 0
	for line := range bytes.Lines(page) {
		number++
		line = bytes.TrimSpace(line) // also the \r of CRLF
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		line, _, _ = bytes.Cut(line, []byte(" # {")) // an exemplar
		one, err := r.sample(line)
		if err != nil {
			return nil, atLine(number, err)
		}
		samples = append(samples, one)
	}
	return samples, nil
}

// atLine tells the line of a page that the format's parser, which was given no other,
// could not read.
func atLine(number int, err error) error {
	if syntax := (expfmt.ParseError{}); errors.As(err, &syntax) {
		syntax.Line = number
		return syntax
	}
	return err
}

// sample reads a line: where its beginning is known, only the value.
func (r *reader) sample(line []byte) (sample, error) {
	space := max(bytes.LastIndexByte(line, ' '), 0)
	before, text := line[:space], string(line[space:])
	if known, ok := r.known[string(before)]; ok && !strings.ContainsAny(text, "pP_") { // those of Go's own syntax
		if value, err := strconv.ParseFloat(text[1:], 64); err == nil {
			return sample{known, value}, nil
		}
	}
	name, metric, err := r.parse(line)
	if err != nil {
		return sample{}, err
	}
	s := series{name: name, labelled: withLabels(name, metric.GetLabel()), part: isPart(name, metric)}
	if metric.TimestampMs == nil && space > 0 {
		if r.known == nil || len(r.known) >= seriesLimit {
			r.known = make(map[string]series)
		}
		r.known[string(before)] = s
	}
	return sample{s, metric.GetUntyped().GetValue()}, nil
}

// parse has the format's own parser read a line.
func (r *reader) parse(line []byte) (name string, metric *dto.Metric, err error) {
	defer func() {
		if value := recover(); value != nil { // a page of the target's must not end the run
			r.parser, err = nil, fmt.Errorf("unreadable: %v", value)
		}
	}()
	if r.parser == nil {
		r.parser = new(expfmt.NewTextParser(model.UTF8Validation))
	}
	families, err := r.parser.TextToMetricFamilies(io.MultiReader(bytes.NewReader(line), strings.NewReader("\n")))
	if err != nil {
		return "", nil, err
	}
	for name, family := range families {
		for _, metric := range family.GetMetric() {
			return name, metric, nil
		}
	}
	return "", nil, fmt.Errorf("nothing in %q", line)
}

// isPart reports whether a metric is a bucket or a quantile.
func isPart(name string, metric *dto.Metric) bool {
	return slices.ContainsFunc(metric.GetLabel(), func(label *dto.LabelPair) bool {
		return label.GetName() == "quantile" || label.GetName() == "le" && strings.HasSuffix(name, "_bucket")
	})
}

func withLabels(name string, labels []*dto.LabelPair) string {
	if len(labels) == 0 {
		return ""
	}
	texts := make([]string, len(labels))
	for i, label := range labels {
		texts[i] = fmt.Sprintf("%s=%q", label.GetName(), label.GetValue())
	}
	slices.Sort(texts)
	return name + "{" + strings.Join(texts, ",") + "}"
}
