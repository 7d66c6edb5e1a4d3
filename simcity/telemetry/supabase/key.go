package supabase

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/bookiji/simcity/simcity/telemetry"
)

// checkKey tells whether a key goes into the Authorization header as well: those
// that are JWTs do, secret keys do not. Keys that may not write are refused.
// No error shows any of it. See https://supabase.com/docs/guides/api/api-keys
func checkKey(key string) (bearer bool, err error) {
	refuse := func(why string) error {
		return &telemetry.OptionError{Field: EnvKey, Fix: why + "; give a secret key (sb_secret_...) or the service_role key of the project's settings, API keys"}
	}
	switch {
	case key == "":
		return false, refuse("there is no key")
	case strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }):
		return false, refuse("the key has a character that no key has, maybe a line feed")
	case strings.HasPrefix(key, "sb_secret_"):
		return false, nil
	case strings.HasPrefix(key, "sb_publishable_"):
		return false, refuse("it is a publishable key, which may not write")
	}
	parts := strings.Split(key, ".")
	if len(parts) != 3 {
		return false, refuse("it is neither a secret key nor a JWT")
	}
	var claims struct {
		Role string `json:"role"`
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(text, &claims) != nil {
		return false, refuse("it is neither a secret key nor a JWT")
	}
	if claims.Role == "anon" || claims.Role == "authenticated" {
		return false, refuse("it is the key of " + claims.Role + ", who may not write")
	}
	return true, nil
}
