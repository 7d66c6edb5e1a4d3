package invariants

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

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

var errNoFigures = errors.New("no figures in it")

// figures reads a page in the Prometheus text format: the sum over label sets
// for each name, and each label set as name{k="v"}, sorted by label, as far as
// the limits reach in the order of the names. Every series is read as what its
// line says, whatever HELP and TYPE say: many hosts write those twice, late or
// wrongly. So a histogram or summary gives its _sum and _count; buckets and
// quantiles, which mean nothing when summed up, are left out, and so are NaN and
// the infinities.
func figures(page []byte) (map[string]float64, error) {
	families, err := families(page)
	if err != nil {
		return nil, err
	}
	found := make(map[string]float64)
	names, labelled := 0, 0
	for _, name := range slices.Sorted(maps.Keys(families)) {
		for _, metric := range families[name].GetMetric() {
			value := metric.GetUntyped().GetValue()
			if !plain(name, metric) || math.IsNaN(value) || math.IsInf(value, 0) {
				continue
			}
			if _, ok := found[name]; !ok {
				if names >= figureLimit {
					continue
				}
				names++
			}
			if sum := found[name] + value; !math.IsInf(sum, 0) {
				found[name] = sum
			}
			if len(metric.GetLabel()) > 0 && labelled < labelledLimit {
				labelled++
				found[withLabels(name, metric.GetLabel())] = value
			}
		}
	}
	if len(found) == 0 {
		return nil, errNoFigures
	}
	return found, nil
}

// plain reports whether a metric is neither a bucket nor a quantile.
func plain(name string, metric *dto.Metric) bool {
	for _, label := range metric.GetLabel() {
		if label.GetName() == "quantile" || label.GetName() == "le" && strings.HasSuffix(name, "_bucket") {
			return false
		}
	}
	return true
}

func withLabels(name string, labels []*dto.LabelPair) string {
	texts := make([]string, len(labels))
	for i, label := range labels {
		texts[i] = fmt.Sprintf("%s=%q", label.GetName(), label.GetValue())
	}
	slices.Sort(texts)
	return name + "{" + strings.Join(texts, ",") + "}"
}

// families parses the lines that are no comments.
func families(page []byte) (parsed map[string]*dto.MetricFamily, err error) {
	defer func() {
		if value := recover(); value != nil { // a page of the target's must not end the run
			parsed, err = nil, fmt.Errorf("unreadable: %v", value)
		}
	}()
	var lines bytes.Buffer
	scanner := bufio.NewScanner(bytes.NewReader(page))
	scanner.Buffer(nil, expositionLimit+1)
	for scanner.Scan() {
		line := bytes.TrimSpace(scanner.Bytes()) // also the \r of CRLF
		if len(line) == 0 || line[0] == '#' {
			lines.WriteByte('\n') // so that line numbers in errors fit
			continue
		}
		if before, _, found := bytes.Cut(line, []byte(" # {")); found {
			line = before // an exemplar
		}
		lines.Write(line)
		lines.WriteByte('\n')
	}
	if err := scanner.Err(); err != nil {
		return nil, err
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	return parser.TextToMetricFamilies(&lines)
}
