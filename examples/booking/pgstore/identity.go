package pgstore

import (
	"encoding/json"
	"strings"

	"github.com/bookiji/simcity/examples/booking"
)

// asService is the role of transactions that run for nobody.
const asService = `; set local role service_role; set local request.jwt.claims = '{"role":"service_role"}'`

// claims are what Supabase would put into the token of a request.
type claims struct {
	Sub  string   `json:"sub"`
	Role string   `json:"role"`
	App  appClaim `json:"app_metadata"`
}

type appClaim struct {
	Role   string `json:"role"`
	Vendor string `json:"vendor,omitempty"`
}

// roleOf says for whom a transaction runs, as statements that follow its begin.
func roleOf(who booking.Identity) string {
	if who == (booking.Identity{}) {
		return asService
	}
	text, err := json.Marshal(claims{who.User, "authenticated", appClaim{who.Role, who.Vendor}})
	if err != nil {
		panic(err) // strings always encode
	}
	return "; set local role authenticated; set local request.jwt.claims = " + quote(string(text))
}

// quote makes a literal of a text, under standard_conforming_strings.
func quote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", "''") + "'"
}
