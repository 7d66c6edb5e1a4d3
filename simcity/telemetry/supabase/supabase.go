package supabase

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"sync/atomic"

	"github.com/go-resty/resty/v2"

	"github.com/bookiji/simcity/simcity/telemetry"
)

func init() {
	telemetry.Register("supabase", func(project string) (telemetry.Store, error) { return OpenEnv(project) })
}

// The variables that OpenEnv reads.
const (
	EnvURL = "SUPABASE_URL"
	EnvKey = "SUPABASE_SERVICE_ROLE_KEY"
)

// A Store keeps histories in a Supabase project, over its REST interface. Create
// one with [Open]. It is safe for concurrent use.
type Store struct {
	client *resty.Client
	idle   interface{ CloseIdleConnections() }
	name   string
	key    string
	whole  atomic.Bool // all tables were there once
}

var (
	_ telemetry.Store    = (*Store)(nil)
	_ telemetry.Requests = (*Store)(nil)
	_ telemetry.Closer   = (*Store)(nil)
)

// OpenEnv is Open with the key of SUPABASE_SERVICE_ROLE_KEY and, unless project
// is given, the address of SUPABASE_URL.
func OpenEnv(project string) (*Store, error) {
	if project == "" {
		project = os.Getenv(EnvURL)
	}
	if project == "" {
		return nil, &telemetry.OptionError{Field: EnvURL, Fix: "it is not set; give the address of the project, such as https://abcd.supabase.co"}
	}
	return Open(project, os.Getenv(EnvKey))
}

// Open returns a store over the project at an address, with a key that may write:
// a secret key (sb_secret_...) or the older JWT of service_role. It does not
// connect: the first call does, and says what is wrong.
func Open(project, key string) (*Store, error) {
	parsed, err := url.Parse(project)
	if err != nil || parsed.Host == "" || parsed.Scheme != "https" && parsed.Scheme != "http" || parsed.User != nil || strings.Trim(parsed.Path, "/") != "" || parsed.RawQuery != "" {
		return nil, &telemetry.OptionError{Field: "Supabase address", Fix: "it is no address of a project; write https://abcd.supabase.co, without path, user or key"}
	}
	if parsed.Scheme == "http" && !near(parsed.Hostname()) {
		return nil, &telemetry.OptionError{Field: "Supabase address", Fix: "the key would travel unprotected to " + parsed.Host + "; write https://"}
	}
	bearer, err := checkKey(key)
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone() // which net/http makes of this type
	client := resty.NewWithClient(&http.Client{Transport: transport}).
		SetBaseURL(parsed.Scheme+"://"+parsed.Host+"/rest/v1").
		SetRedirectPolicy(resty.NoRedirectPolicy()). // a key follows nobody elsewhere
		SetDisableWarn(true).SetLogger(silent{}).
		SetHeader("apikey", key).SetHeader("Content-Type", "application/json").SetHeader("Accept", "application/json")
	if bearer {
		client.SetHeader("Authorization", "Bearer "+key)
	}
	return &Store{client: client, idle: transport, name: "Supabase project " + parsed.Host, key: key}, nil
}

// near tells whether a host is this machine or one of a private network that
// has names without dots, as containers have.
func near(host string) bool {
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback() || err != nil && !strings.Contains(host, ".")
}

// silent is a logger that says nothing: a request shows the key.
type silent struct{}

// Errorf says nothing.
func (silent) Errorf(string, ...any) {}

// Warnf says nothing.
func (silent) Warnf(string, ...any) {}

// Debugf says nothing.
func (silent) Debugf(string, ...any) {}

// Close closes the connections that nobody uses.
func (s *Store) Close() error {
	s.idle.CloseIdleConnections()
	return nil
}

// String names the project, without the key.
func (s *Store) String() string { return s.name }

// Format keeps the key out of whatever prints a store.
func (s *Store) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.name)) }
