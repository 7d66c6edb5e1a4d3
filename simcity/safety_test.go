package simcity_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

const ours = "staging.example.com"

// Whatever is hostile or careless is refused before anything is sent, and the
// message says why.
func TestTargetsThatAreRefusedUnseen(t *testing.T) {
	at := simcity.URL
	for _, test := range []struct {
		name   string
		target *simcity.URLTarget
		says   string
	}{
		{"host that nobody allowed", at("https://" + ours), `allow it by its exact name: .AllowHost("staging.example.com")`},
		{"our host as a label of another", at("https://staging.example.com.evil.example").AllowHost(ours), "Target is https://staging.example.com.evil.example; allowed: loopback addresses, staging.example.com"},
		{"our host as the end of another", at("https://evilstaging.example.com").AllowHost("*." + ours), "Target is https://evilstaging.example.com"},
		{"above the suffix", at("https://" + ours).AllowHost("*." + ours), "Target is https://staging.example.com; allowed: loopback addresses, *.staging.example.com"},
		{"localhost as a label of another", at("http://localhost.evil.example"), "Target is http://localhost.evil.example"},
		{"upper case", at("https://Staging.example.com").AllowHost(ours), "its host is not in lower case"},
		{"dot at the end", at("https://staging.example.com.").AllowHost(ours), "its host ends in a dot"},
		{"our host as a user", at("https://staging.example.com@evil.example").AllowHost(ours), "a URL with a user or a password"},
		{"password", at("https://me:hunter2@" + ours).AllowHost(ours), "a URL with a user or a password"},
		{"token in the query", at("https://" + ours + "?token=hunter2").AllowHost(ours), "a URL with a query or a fragment"},
		{"token in the fragment", at("https://" + ours + "#hunter2").AllowHost(ours), "a URL with a query or a fragment"},
		{"Cyrillic letter", at("https://st\u0430ging.example.com").AllowHost(ours), "letters other than ASCII"},
		{"punycode below a suffix", at("https://xn--stging-3ve.example.com").AllowHost("*.example.com"), "Target is https://xn--stging-3ve.example.com"},
		{"decimal address", at("http://2130706433"), "a number that some resolvers take for an address"},
		{"octal address", at("http://0177.0.0.1"), "a number that some resolvers take for an address"},
		{"hexadecimal address", at("http://0x7f.0x0.0x0.0x1"), "a number that some resolvers take for an address"},
		{"short address", at("http://127.1"), "a number that some resolvers take for an address"},
		{"IPv4 in IPv6", at("http://[::ffff:127.0.0.1]"), "an IPv4 address in IPv6 clothes"},
		{"long spelling of IPv6", at("http://[0:0:0:0:0:0:0:1]"), "an address in an unusual spelling"},
		{"zone", at("http://[fe80::1%25eth0]"), "a zone or an escape in its host"},
		{"escaped host", at("https://staging%2eexample.com").AllowHost(ours), "a URL that does not parse"},
		{"backslash", at(`https://staging.example.com\.evil.example`).AllowHost(ours), "a URL that does not parse"},
		{"unspecified address", at("http://0.0.0.0:8080"), "Target is http://0.0.0.0:8080"},
		{"private address that nobody allowed", at("https://10.2.0.7"), "Target is https://10.2.0.7"},
		{"metadata service, although it is listed", at("http://169.254.169.254").AllowHost("http://169.254.169.254"), "where clouds keep credentials"},
		{"unspecified address, although it is listed", at("http://0.0.0.0").AllowHost("http://0.0.0.0"), "this machine"},
		{"plain HTTP", at("http://" + ours).AllowHost(ours), `allowed: https, so that secrets are sent to nobody else`},
		{"other scheme", at("ftp://" + ours).AllowHost(ours), "does not begin with http:// or https://"},
		{"no scheme", at(ours).AllowHost(ours), "does not begin with http:// or https://"},
		{"no host", at("https:///api").AllowHost(ours), "a URL without a host"},
		{"port 0", at("http://127.0.0.1:0"), "a wrong port"},
		{"port too large", at("http://127.0.0.1:70000"), "a wrong port"},
		{"everything allowed", at("https://" + ours).AllowHost("*"), `allowed host is "*"`},
		{"a whole top level allowed", at("https://" + ours).AllowHost("*.com"), "half of the world"},
		{"star within a label", at("https://" + ours).AllowHost("stag*.example.com"), "whole labels at the beginning only"},
		{"all addresses allowed", at("https://"+ours).AllowHost(ours, "0.0.0.0/0"), "wider than a staging system can be"},
		{"allowed URL with a path", at("https://" + ours).AllowHost("https://staging.example.com/app"), "a host without port and path"},
		{"production declared", at("http://127.0.0.1").Environment("production"), `Target.Environment is "production"; allowed: test, staging, recovery, local`},
		{"unlisted environment declared", at("http://127.0.0.1").Environment("qa"), "add it to SIMCITY_ALLOWED_ENVS"},
		{"empty secret", at("http://127.0.0.1").Login(""), "Target.Login is empty"},
		{"negative rate", at("http://127.0.0.1").Limit(simcity.Limits{Rate: -1}), "Target.Limits.Rate is -1"},
		{"negative citizens", at("http://127.0.0.1").Limit(simcity.Limits{Citizens: -1}), "Target.Limits.Citizens is -1"},
		{"negative duration", at("http://127.0.0.1").Limit(simcity.Limits{Duration: -1}), "Target.Limits.Duration is -1ns"},
		{"too many citizens", at("http://127.0.0.1").Limit(simcity.Limits{Citizens: 20}), "policies.maxConcurrentAgents is 50; allowed: up to 20"},
		{"too long", at("http://127.0.0.1").Limit(simcity.Limits{Duration: time.Second}), "at least 36s, which the scenario takes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			err := city(nil, citizens("visitor", 1, visitor)).Target(test.target).Clock(simcity.Paced(100)).Validate()
			var field *simcity.FieldError
			require.ErrorAs(t, err, &field)
			require.ErrorContains(t, err, test.says)
			require.ErrorContains(t, err, "fix: ")
			require.NotContains(t, err.Error(), "hunter2")
		})
	}
}

func TestAllowListsOfTheEnvironmentAreCheckedToo(t *testing.T) {
	for _, test := range []struct{ variable, value, says string }{
		{"SIMCITY_ALLOWED_ENVS", "staging,production", `allowed environment is "production"`},
		{"SIMCITY_ALLOWED_ENVS", "prod-eu", `allowed environment is "prod-eu"`},
		{"SIMCITY_ALLOWED_ENVS", "Staging", `allowed environment is "Staging"`},
		{"SIMCITY_ALLOWED_ENVS", "recovery", `Target.Environment is "staging"; allowed: recovery`},
		{"SIMCITY_ALLOWED_HOSTS", "*", `allowed host is "*"`},
		{"SIMCITY_ALLOWED_HOSTS", "https://u:hunter2@staging.example.com", "a host without port and path"},
	} {
		t.Run(test.variable+"="+test.value, func(t *testing.T) {
			t.Setenv(test.variable, test.value)
			err := elsewhere(simcity.URL("http://127.0.0.1").Environment("staging"), citizens("visitor", 1, visitor)).Validate()
			require.ErrorContains(t, err, test.says)
		})
	}
}

// network is what a test's names and addresses are: every name has the given
// addresses, and every address is the server.
func network(target *simcity.URLTarget, server string, addresses ...string) *simcity.URLTarget {
	return target.Network(func(context.Context, string) ([]netip.Addr, error) {
		var all []netip.Addr
		for _, a := range addresses {
			all = append(all, netip.MustParseAddr(a))
		}
		return all, nil
	}, func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", server)
	})
}

// says answers the identification with a status and a body.
func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "https://elsewhere.example/api/test/login")
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

const (
	public    = "203.0.113.7"
	nonprod   = `{"environment":"staging","syntheticLogin":true}`
	produced  = `{"environment":"production","syntheticLogin":false}`
	reference = `{"environment":"eu-1","production":true}`
)

// A target on the allow-list is refused by what it says, by its addresses and by
// its certificate, before a secret is sent.
func TestTargetsThatAreRefusedAtTheDoor(t *testing.T) {
	t.Parallel()
	far, near := "https://example.com", "" // the certificate of httptest is that of example.com
	for _, test := range []struct {
		name      string
		base      string
		addresses []string
		answer    http.HandlerFunc
		says      string
	}{
		{"production", far, []string{public}, says(200, produced), "production, as it says itself"},
		{"production that closes its hooks", far, []string{public}, says(403, produced), "production, as it says itself"},
		{"production by another name", far, []string{public}, says(200, `{"environment":"eu-prod","syntheticLogin":true}`), "production, as it says itself"},
		{"production as a flag", far, []string{public}, says(403, reference), "production, as it says itself"},
		{"production on loopback", near, nil, says(200, produced), "production, as it says itself"},
		{"unlisted environment", far, []string{public}, says(200, `{"environment":"qa","syntheticLogin":true}`), `environment "qa"; allowed: environments test, staging, recovery, local`},
		{"unlisted environment on loopback", near, nil, says(200, `{"environment":"qa"}`), `environment "qa"`},
		{"another environment than declared", far, []string{public}, says(200, `{"environment":"recovery","syntheticLogin":true}`), `environment "recovery" although "staging" was declared`},
		{"silence where one was declared", near, nil, says(404, ""), `does not say which environment it is although "staging" was declared`},
		{"no hooks", far, []string{public}, says(404, "not found"), "an answer 404 that does not say which environment this is"},
		{"no synthetic login", far, []string{public}, says(200, `{"environment":"staging"}`), "without synthetic login"},
		{"a page for everything", far, []string{public}, says(200, "<html>"), "an answer 200 that does not say which environment this is"},
		{"a redirect", far, []string{public}, says(302, ""), "an answer 302 that does not say"},
		{"an error on loopback", near, nil, says(500, ""), "an answer 500 that does not say"},
		{"right words with a wrong status", far, []string{public}, says(503, nonprod), "an answer 503 that does not say"},
		{"private address", far, []string{"10.0.0.7"}, says(200, nonprod), "address of example.com is 10.0.0.7, inside a private network"},
		{"one private address of two", far, []string{public, "192.168.0.7"}, says(200, nonprod), "192.168.0.7, inside a private network"},
		{"private IPv6 address", far, []string{"fd12::7"}, says(200, nonprod), "fd12::7, inside a private network"},
		{"loopback address", far, []string{"127.0.0.1"}, says(200, nonprod), "127.0.0.1, this machine"},
		{"loopback in IPv6 clothes", far, []string{"::ffff:127.0.0.1"}, says(200, nonprod), "127.0.0.1, this machine"},
		{"metadata service", far, []string{"169.254.169.254"}, says(200, nonprod), "where clouds keep credentials"},
		{"link-local address", far, []string{"fe80::7"}, says(200, nonprod), "inside a private network"},
		{"shared address", far, []string{"100.64.0.1"}, says(200, nonprod), "inside a private network"},
		{"wrapped address", far, []string{"64:ff9b::a00:7"}, says(200, nonprod), "inside a private network"},
		{"multicast address", far, []string{"224.0.0.1"}, says(200, nonprod), "no host's own"},
		{"no address", far, nil, says(200, nonprod), "example.com has no address"},
		{"localhost elsewhere", "http://localhost:1", []string{public}, says(200, nonprod), "address of localhost is 203.0.113.7, another machine"},
		{"certificate of another", "https://staging.example.org", []string{public}, says(200, nonprod), "certificate is valid for example.com"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int64
			server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				if r.Method+r.URL.Path != "GET/api/test/login" || strings.Contains(fmt.Sprint(r.Header), "hunter2") {
					t.Errorf("%s %s with %v", r.Method, r.URL.Path, r.Header)
				}
				test.answer(w, r)
			}))
			t.Cleanup(server.Close)
			server.Config.ErrorLog = quiet
			roots := x509.NewCertPool()
			roots.AddCert(server.Certificate())
			target := simcity.URL(orNear(test.base, server.URL)).Environment("staging").Login("hunter2").RootCAs(roots).
				AllowHost("example.com", "staging.example.org")
			if test.base != near {
				network(target, server.Listener.Addr().String(), test.addresses...)
			}
			res := visit(t, target, visitor)
			require.Equal(t, simcity.Fail, res.Verdict)
			require.Contains(t, onlyFinding(t, res, simcity.FindingTarget).Text, test.says)
			require.NotContains(t, res.Explain(), "hunter2")
			require.Zero(t, res.Citizens)
			require.LessOrEqual(t, asked.Load(), int64(1))
		})
	}
}

func orNear(base, server string) string {
	if base == "" {
		return server
	}
	return base
}

func TestCertificateThatNobodyVouchesForIsRefused(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(identified("staging", hello))
	t.Cleanup(server.Close)
	server.Config.ErrorLog = quiet
	res := visit(t, simcity.URL(server.URL), visitor)
	require.Contains(t, onlyFinding(t, res, simcity.FindingTarget).Text, "certificate signed by unknown authority")
}

// A name that is pointed elsewhere after it was checked is not followed.
func TestNameThatChangesBetweenCheckAndUseIsNotFollowed(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(identified("staging", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close") // so that each request dials
	}))
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	var lookups, strays, dialled atomic.Int64
	target := simcity.URL("https://example.com").AllowHost("example.com").RootCAs(roots).Network(
		func(context.Context, string) ([]netip.Addr, error) {
			if lookups.Add(1) > 1 {
				return []netip.Addr{netip.MustParseAddr("169.254.169.254")}, nil
			}
			return []netip.Addr{netip.MustParseAddr(public)}, nil
		},
		func(ctx context.Context, _, address string) (net.Conn, error) {
			dialled.Add(1)
			if address != public+":443" {
				strays.Add(1)
			}
			return (&net.Dialer{}).DialContext(ctx, "tcp", server.Listener.Addr().String())
		})
	res := elsewhere(target, citizens("visitor", 5, visitor)).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	require.Equal(t, int64(1), lookups.Load())
	require.GreaterOrEqual(t, dialled.Load(), int64(5))
	require.Zero(t, strays.Load())
}

func TestRedirectsLeaveNeitherHostNorPortNorScheme(t *testing.T) {
	t.Parallel()
	var strayed atomic.Int64
	other := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { strayed.Add(1) }))
	for name, to := range map[string]func(host, port string) string{
		"other port":    func(string, string) string { return other.URL },
		"other host":    func(string, string) string { return "http://elsewhere.example/" },
		"other scheme":  func(host, _ string) string { return "https://" + host },
		"other writing": func(_, port string) string { return "http://127.0.0.1.:" + port },
		"with a user":   func(host, _ string) string { return "http://evil@" + host },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, stranger(func(w http.ResponseWriter, r *http.Request) {
				_, port, _ := net.SplitHostPort(r.Host)
				http.Redirect(w, r, to(r.Host, port), http.StatusFound)
			}))
			var h history
			res := elsewhere(simcity.URL(server.URL), citizens("visitor", 1, visitor)).Check(h.rule()).Simulate(t)
			require.Len(t, h.operations, 1)
			require.Equal(t, simcity.Failed, h.operations[0].Outcome)
			require.Contains(t, h.operations[0].Err, "another host")
			require.Equal(t, simcity.Inconclusive, res.Verdict)
		})
	}
	t.Cleanup(func() { require.Zero(t, strayed.Load()) })
}

func TestRequestOfAnAgentToAnotherHostIsRefused(t *testing.T) {
	t.Parallel()
	server := serve(t, stranger(hello))
	var got error
	visit(t, simcity.URL(server.URL), func(ctx context.Context, c *simcity.Citizen) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://elsewhere.example/steal", nil)
		if err != nil {
			return err
		}
		_, got = c.Send(request)
		return got
	})
	var field *simcity.FieldError
	require.ErrorAs(t, got, &field)
	require.ErrorContains(t, got, `request is to another host, "http://elsewhere.example"`)
}

func TestSecretsAreInNoErrorEventOrReport(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.Handle("/", identified("staging", func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "wrong token "+r.Header.Get("Authorization"), http.StatusInternalServerError)
	}))
	mux.HandleFunc("POST /api/test/login", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"token":"tok-hunter2"}`) })
	mux.HandleFunc("/dead", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	server := httptest.NewUnstartedServer(mux)
	server.Config.ErrorLog = quiet
	server.Start()
	t.Cleanup(server.Close)
	var events strings.Builder
	var h history
	res := elsewhere(simcity.URL(server.URL).Login("pass-hunter2"), citizens("visitor", 1, func(ctx context.Context, c *simcity.Citizen) error {
		_ = get(ctx, c, "/")
		_ = get(ctx, c, "/dead?key=hunter2")
		_ = c.Do(ctx, "leak", nil, func(context.Context, *simcity.Operation) error {
			return errors.New("the host told pass-hunter2 and tok-hunter2")
		})
		return errors.New("I give up with pass-hunter2 and tok-hunter2")
	})).Check(h.rule()).Watch(func(e simcity.Event) { fmt.Fprintf(&events, "%s\n", e.Payload) }).Simulate(t)
	require.Len(t, h.operations, 3)
	require.Contains(t, h.operations[1].Err, "[hidden]")
	for _, told := range []string{events.String(), res.Explain(), strings.Join(res.Reasons, "\n"), fmt.Sprintf("%+v %+v %+v", *h.operations[0], *h.operations[1], *h.operations[2])} {
		require.NotContains(t, told, "hunter2")
	}
}

func TestPoliciesCannotOutgrowTheTargetsLimit(t *testing.T) {
	t.Parallel()
	server := serve(t, stranger(hello))
	simulation := elsewhere(simcity.URL(server.URL).Limit(simcity.Limits{Citizens: 60}), citizens("visitor", 1, regular))
	running, err := simulation.Start(t.Context())
	require.NoError(t, err)
	err = running.Send(simcity.Command{Kind: simcity.ChangePolicies, Policies: []byte(`{"maxConcurrentAgents":61}`)})
	requireMistake(t, mistake{field: "policies.maxConcurrentAgents", says: []string{"61", "up to 60"}}, err)
	running.Stop()
	res := running.Wait()
	require.Equal(t, simcity.Stopped, res.Verdict, res.Explain())
}

func TestResidentsCountAgainstTheTargetsLimit(t *testing.T) {
	t.Parallel()
	server := serve(t, stranger(hello))
	residents := citizens("vendor", 60, regular)
	residents.Resident = true
	res := elsewhere(simcity.URL(server.URL).Limit(simcity.Limits{Citizens: 50}), residents).Simulate(t)
	require.Equal(t, int64(50), res.Citizens)
	require.Equal(t, int64(10), res.Remote.Dropped)
	require.Equal(t, simcity.Inconclusive, res.Verdict)
}

func TestRequestsAboveTheLimitAreHeldBackAndThatIsTold(t *testing.T) {
	t.Parallel()
	server := serve(t, stranger(hello))
	res := elsewhere(simcity.URL(server.URL).Limit(simcity.Limits{Rate: 5}), citizens("visitor", 4, visitor)).Simulate(t)
	require.Equal(t, int64(4), res.Operations)
	require.Positive(t, res.Remote.HeldBack)
	require.Equal(t, simcity.Inconclusive, res.Verdict)
	require.Contains(t, res.Reasons[0], "held back by the target's limit of 5 requests per second")
}

func TestRunIsEndedAtItsLimitOfRealTime(t *testing.T) {
	t.Parallel()
	server := serve(t, stranger(hello))
	target := simcity.URL(server.URL).Limit(simcity.Limits{Duration: 50 * time.Millisecond})
	res := elsewhere(target, citizens("regular", 1, func(ctx context.Context, c *simcity.Citizen) error {
		_ = get(ctx, c, "/")
		select { // a stepped clock does not know how long a run takes
		case <-ctx.Done():
		case <-time.After(time.Minute):
		}
		return ctx.Err()
	})).Clock(simcity.SteppedGrace(time.Hour)).Simulate(t)
	require.Contains(t, onlyFinding(t, res, simcity.FindingTarget).Text, "the target's limit of 50ms of real time was reached")
	require.NotEqual(t, simcity.Pass, res.Verdict)
}

func TestProxiesOfTheEnvironmentAreIgnoredUnlessAskedFor(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	server := httptest.NewTLSServer(identified("staging", hello))
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	target := network(simcity.URL("https://example.com").AllowHost("example.com").RootCAs(roots), server.Listener.Addr().String(), public)
	res := visit(t, target, visitor)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
}
