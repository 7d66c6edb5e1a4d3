package invariants

import (
	"context"
	"math"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFiguresOfAPage(t *testing.T) {
	t.Parallel()
	const page = "# HELP cache_hits_total How often\n# TYPE cache_hits_total counter\n# TYPE cache_hits_total gauge\n" +
		"cache_hits_total 7\r\n" +
		"  requests_total{route=\"/b\",code=\"200\"} 3\n" +
		"requests_total{code=\"500\",route=\"/b\"} 2 1700000000000 # {trace=\"x\"} 1\n" +
		"# TYPE requests_total counter\n" +
		"# TYPE took_seconds histogram\n" +
		"took_seconds_bucket{le=\"1\"} 5\ntook_seconds_bucket{le=\"+Inf\"} 6\ntook_seconds_sum 2.5\ntook_seconds_count 6\n" +
		"size{quantile=\"0.5\"} 9\nsize_sum 10\nsize_count 1\n" +
		"broken NaN\nendless +Inf\n# EOF"
	found, err := new(reader).figures([]byte(page), newRoom())
	require.NoError(t, err)
	require.Equal(t, map[string]float64{
		"cache_hits_total":                      7,
		"requests_total":                        5,
		`requests_total{code="200",route="/b"}`: 3,
		`requests_total{code="500",route="/b"}`: 2,
		"took_seconds_sum":                      2.5,
		"took_seconds_count":                    6,
		"size_sum":                              10,
		"size_count":                            1,
	}, found)
}

// A page is read as if it were the first, whatever lines the reader knows by then.
func TestAPageIsReadLikeTheFirst(t *testing.T) {
	t.Parallel()
	pages := []string{
		"a 1\nb{c=\"d e\"} 2\nt 1 1700000000000\n", "a 3\nb{c=\"d e\"} +Inf\nt 1 1800000000000\n",
		"a  4\na 4 5\nb 6\nt 7\n", "a 0x1p2\n", "a 1_0\n", "a\t8\n", "a \n", "a NaN\nb 1\n", "b{c=\"d 9\"} 1\nb{c=\"d 9\n",
	}
	var veteran reader
	for _, page := range pages {
		want, first := new(reader).figures([]byte(page), newRoom())
		got, again := veteran.figures([]byte(page), newRoom())
		require.Equal(t, want, got, page)
		require.Equal(t, first, again, page)
	}
}

func TestFiguresAreLimited(t *testing.T) {
	t.Parallel()
	var page strings.Builder
	for i := range 5000 {
		page.WriteString("a_" + strconv.Itoa(i) + "{x=\"y\"} 1\nall{i=\"" + strconv.Itoa(i) + "\"} 1\n")
	}
	found, err := new(reader).figures([]byte(page.String()), newRoom())
	require.NoError(t, err)
	require.Equal(t, figureLimit+labelledLimit, len(found)) // Len would print them all
}

func TestPagesThatAreNone(t *testing.T) {
	t.Parallel()
	pages := map[string]struct {
		status int
		body   string
		want   string
	}{
		"missing":  {http.StatusNotFound, "", "metrics at /stats: status 404"},
		"a page":   {http.StatusOK, "<html></html>", "metrics at /stats: text format parsing error in line 1"},
		"no value": {http.StatusOK, "# TYPE a gauge\na 1\na b\n", "metrics at /stats: text format parsing error in line 3"},
		"nothing":  {http.StatusOK, "# HELP x y\n", "metrics at /stats: no figures in it"},
		"too long": {http.StatusOK, strings.Repeat("#\n", expositionLimit/2+1), "metrics at /stats: more than 1048576 bytes"},
	}
	for name, c := range pages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				require.Equal(t, "/stats", r.URL.Path)
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			}))
			defer server.Close()
			p := Prometheus("stats").(*prometheus)
			_, first := p.read(context.Background(), server.Client(), server.URL, newRoom())
			require.ErrorContains(t, first, c.want)
			_, second := p.read(context.Background(), server.Client(), server.URL, newRoom())
			require.EqualError(t, second, first.Error(), "the same text is told once by a run")
		})
	}
	require.Equal(t, "/metrics", Prometheus("").(*prometheus).path)
}

func FuzzPrometheus(f *testing.F) {
	for _, seed := range []string{
		"a 1\n", "a{b=\"c\"} 1", "# TYPE a histogram\na_bucket{le=\"1\"} 1\n", "{}", "{\"a\"} 1\n", "{a=", "a{b=\"\\", "\xff 1\n", "a 1e308\na 1e308\n", "a # {",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, page []byte) {
		var r reader
		found, err := r.figures(page, newRoom())
		again, failed := r.figures(page, newRoom())
		require.Equal(t, found, again)
		require.Equal(t, err, failed)
		if err != nil {
			return
		}
		if len(found) > figureLimit+labelledLimit {
			t.Fatalf("%d figures", len(found))
		}
		for name, value := range found {
			if name == "" || math.IsNaN(value) || math.IsInf(value, 0) {
				t.Fatalf("%q is %v", name, value)
			}
		}
	})
}
