package simcity_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

// payments is a host whose payment provider calls back after a while, from a
// goroutine of its own.
func payments(called *[]string) simcity.Target {
	return simcity.InProcess(func(w *simcity.World) (http.Handler, error) {
		provider := w.HostClient()
		mux := http.NewServeMux()
		mux.HandleFunc("POST /pay", func(_ http.ResponseWriter, r *http.Request) {
			who, _ := simcity.CitizenOf(r.Context())
			go func() {
				time.Sleep(3 * time.Second)
				response, err := provider.Post(w.BaseURL()+"/webhook", "text/plain", strings.NewReader(who))
				if err == nil {
					_ = response.Body.Close()
				}
			}()
		})
		mux.HandleFunc("POST /webhook", func(_ http.ResponseWriter, r *http.Request) {
			text, _ := io.ReadAll(r.Body)
			_, citizen := simcity.CitizenOf(r.Context())
			if !citizen && simcity.FromHost(r.Context()) {
				*called = append(*called, string(text)+" after "+w.Elapsed().Truncate(time.Second).String())
			}
		})
		return mux, nil
	})
}

func TestHostsSurroundingsCallTheHost(t *testing.T) {
	t.Parallel()
	var called []string
	res := simcity.New(sound()).Target(payments(&called)).
		Populate(citizens("payer", 1, func(ctx context.Context, c *simcity.Citizen) error {
			return errors.Join(c.Sleep(ctx, time.Minute), post(ctx, c, "/pay"))
		})).Simulate(t)
	require.Empty(t, troubles(res), res.Reasons)
	require.Equal(t, []string{"payer/1 after 1m3s"}, called)
}

// post is one operation: a POST of path.
func post(ctx context.Context, c *simcity.Citizen, path string) error {
	return c.Do(ctx, "post", path, func(ctx context.Context, _ *simcity.Operation) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.BaseURL()+path, nil)
		if err != nil {
			return err
		}
		response, err := c.Client().Do(request)
		if err != nil {
			return err
		}
		return response.Body.Close()
	})
}

func TestHandlerMaySleepForItsCitizen(t *testing.T) {
	t.Parallel()
	var h history
	res := city(func(_ http.ResponseWriter, r *http.Request) {
		_ = simcity.Sleep(r.Context(), 2*time.Second)
	}, citizens("visitor", 2, visitor)).Check(h.rule()).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	for _, op := range h.operations {
		require.Equal(t, 2*time.Second, op.Latency.Round(time.Second))
	}
}

// What a fault has made of a body is what the host's word is asked about, and
// how its reading ended is the client's.
func TestBodyThatAFaultChangedIsClassifiedAndReadAsItIs(t *testing.T) {
	t.Parallel()
	cut := simcity.Fault{
		Kind: "CUT",
		Inject: func(_ context.Context, w *simcity.World, touched *simcity.Touched) (func(context.Context) error, error) {
			off := w.WrapTransport(func(next http.RoundTripper) http.RoundTripper {
				return transportFunc(func(request *http.Request) (*http.Response, error) {
					response, err := next.RoundTrip(request)
					if err == nil {
						touched.Add(1)
						response.Body = io.NopCloser(io.MultiReader(io.LimitReader(response.Body, 3), broken{}))
					}
					return response, err
				})
			})
			return func(context.Context) error { off(); return nil }, nil
		},
	}
	var classified, read string
	var reading error
	city(hello, citizens("visitor", 1, func(ctx context.Context, c *simcity.Citizen) error {
		if err := c.Sleep(ctx, 2*time.Minute); err != nil {
			return err
		}
		return c.Do(ctx, "get", nil, func(ctx context.Context, _ *simcity.Operation) error {
			request, _ := http.NewRequestWithContext(ctx, http.MethodGet, c.BaseURL(), nil)
			response, err := c.Client().Do(request)
			if err != nil {
				return err
			}
			text, err := io.ReadAll(response.Body)
			read, reading = string(text), err
			return nil
		})
	})).Inject(cut, time.Minute, 10*time.Minute).Classify(func(_ *http.Response, body []byte) simcity.Outcome {
		classified = string(body)
		return simcity.OK
	}).Simulate(t)
	require.Equal(t, "hel", classified)
	require.Equal(t, "hel", read)
	require.ErrorIs(t, reading, io.ErrUnexpectedEOF)
}

// broken is the end of a connection that was cut.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
