package testhooks

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"log/slog"
	"net/http"
	"strings"

	"github.com/bookiji/simcity/simcity"
)

// standardPrefix is where runs look for the handler.
const standardPrefix = "/api/test"

// A Handler serves the test hooks of a host. Safe for concurrent use.
type Handler struct {
	config  Config
	secret  [sha256.Size]byte
	mux     *http.ServeMux
	strikes *strikes
}

// New makes the handler, or says why there must be none: a [simcity.FieldError]
// names the field.
func New(config Config) (*Handler, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	config.Prefix = cmp.Or(config.Prefix, standardPrefix)
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	h := &Handler{config: config, secret: sha256.Sum256([]byte(config.Secret)), mux: http.NewServeMux()}
	h.strikes = &strikes{kinds: config.kinds(), log: h.log, hide: h.hide}
	h.mount()
	return h, nil
}

// Close reverts every fault that is active and lets nothing in afterwards. An
// error names the faults that could not be reverted, three times each, before ctx
// ended.
func (h *Handler) Close(ctx context.Context) error { return h.strikes.close(ctx) }

// ServeHTTP implements [http.Handler].
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.mux.ServeHTTP(w, r) }

// A call answers a request that is let in.
type call func(w http.ResponseWriter, r *http.Request) (status int, value any, err error)

func (h *Handler) mount() {
	routes := []struct {
		method, path string
		call         call
	}{
		{"GET", "/login", h.identity}, // alone without the secret
		{"POST", "/login", h.authorized(h.login)},
		{"GET", "/faults", h.authorized(h.faults)},
		{"POST", "/faults", h.authorized(h.strike)},
		{"GET", "/faults/{id}", h.authorized(h.fault)},
		{"POST", "/faults/{id}/renew", h.authorized(h.renew)},
		{"DELETE", "/faults/{id}", h.authorized(h.revert)},
		{"GET", "/probes", h.authorized(h.probes)},
		{"POST", "/purge", h.authorized(h.purge)},
	}
	methods := map[string][]string{}
	for _, route := range routes {
		h.handle(route.method+" "+h.config.Prefix+route.path, route.call)
		methods[route.path] = append(methods[route.path], route.method)
	}
	for path, allowed := range methods {
		h.handle(h.config.Prefix+path, otherMethod(strings.Join(allowed, ", ")))
	}
	h.handle("/", noCall)
}

func (h *Handler) handle(pattern string, answer call) {
	h.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		status, value, err := answer(w, r)
		h.write(w, status, value, err)
	})
}

// otherMethod answers the wrong method of a call.
func otherMethod(allowed string) call {
	return func(w http.ResponseWriter, r *http.Request) (int, any, error) {
		w.Header().Set("Allow", allowed)
		return 0, nil, &failure{status: http.StatusMethodNotAllowed, Code: "wrong_method", Message: "this call takes no " + shortened(r.Method), Allowed: allowed}
	}
}

func noCall(http.ResponseWriter, *http.Request) (int, any, error) {
	return 0, nil, &failure{status: http.StatusNotFound, Code: "not_found", Message: "there is no such call", Allowed: "login, faults, faults/{id}, faults/{id}/renew, probes, purge"}
}

// authorized lets in who has the secret.
func (h *Handler) authorized(answer call) call {
	return func(w http.ResponseWriter, r *http.Request) (int, any, error) {
		given := sha256.Sum256([]byte(r.Header.Get(simcity.HeaderSecret)))
		if subtle.ConstantTimeCompare(given[:], h.secret[:]) != 1 { // of equal length, whatever was given
			return 0, nil, &failure{
				status: http.StatusUnauthorized, Code: "unauthorized", Message: "the secret is missing or wrong",
				Fix: "send the secret that the host was given in the header " + simcity.HeaderSecret,
			}
		}
		return answer(w, r)
	}
}

// log tells of what changes the host, without the secret.
func (h *Handler) log(level slog.Level, text string, args ...any) {
	h.config.Logger.Log(context.Background(), level, "simcity: "+text, args...)
}
