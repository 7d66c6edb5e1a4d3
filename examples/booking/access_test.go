package booking_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/examples/booking"
)

func TestLoginIsForSyntheticUsers(t *testing.T) {
	t.Parallel()
	city := setup(t, booking.Config{})
	login := func(email, role string) answer {
		return city.send("", "POST", "/api/test/login", body{"email": email, "role": role})
	}
	ann := as[user](login("synthetic+ann@example.com", "customer").is(200))
	require.Equal(t, "cus_1", ann.UserID)
	require.Equal(t, "customer", ann.Role)
	require.NotEmpty(t, ann.Token)
	require.Equal(t, "ven_1", as[user](login("synthetic+vera@example.com", "vendor").is(200)).UserID)
	require.Equal(t, ann, as[user](login(" Synthetic+Ann@example.com", "customer").is(200)))
	login("synthetic+ann@example.com", "vendor").refused(403, "forbidden")
	login("ann@example.com", "customer").refused(403, "forbidden")
	login("synthetic+ann@example.org", "customer").refused(403, "forbidden")
	login("synthetic+bob@example.com", "admin").refused(400, "bad_request")
}

func TestTestHooksTellTheEnvironment(t *testing.T) {
	t.Parallel()
	city := setup(t, booking.Config{Env: "staging"})
	require.JSONEq(t, `{"environment":"staging","production":false}`,
		city.send("", "GET", "/api/test/login", nil).is(200).body)
}

func TestProductionHasNoTestHooks(t *testing.T) {
	t.Parallel()
	city := setup(t, booking.Config{Env: booking.Production})
	for _, route := range []string{
		"GET /api/test/login", "POST /api/test/login", "GET /api/test/ledger",
		"GET /api/test/probes", "POST /api/test/purge",
	} {
		method, path, _ := strings.Cut(route, " ")
		got := city.send("", method, path, body{"email": "synthetic+ann@example.com", "role": "customer"})
		require.JSONEq(t, `{"environment":"production","production":true}`, got.is(403).body, route)
	}
	city.send("", "GET", "/healthz", nil).is(200)
}

func TestRoutesAskForTheRightSession(t *testing.T) {
	t.Parallel()
	city := setup(t, booking.Config{})
	shop, ann := city.shop("v-1", "UTC"), city.customer("ann")
	city.send("", "GET", "/api/bookings", nil).refused(401, "unauthorized")
	city.send("nonsense", "GET", "/api/search", nil).refused(401, "unauthorized")
	city.send("", "GET", "/api/search", nil).is(200)
	ann.get("/api/vendor/inbox").refused(403, "forbidden")
	ann.post("/api/vendors", shopForm("x", "UTC")).refused(403, "forbidden")
	shop.post("/api/bookings", body{}).refused(403, "forbidden")
}

func TestBookingsOfOthersDoNotExist(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{}, func(t *testing.T, city *city) {
		shop, other := city.shop("v-1", "UTC"), city.shop("v-2", "UTC")
		ann, eve := city.customer("ann"), city.customer("eve")
		homeless := city.signIn("homeless", "vendor")
		b := ann.requested("v-1", shop.massage, monday(9, 0))
		for _, stranger := range []*user{eve, other.user, homeless} {
			stranger.get("/api/bookings/"+b.ID).refused(404, "not_found")
			stranger.act(b, "cancel", nil).refused(404, "not_found")
			stranger.act(b, "checkin", nil).refused(404, "not_found")
			stranger.act(b, "messages", body{"text": "hello"}).refused(404, "not_found")
		}
		eve.act(b, "reschedule", body{"start": monday(12, 0)}).refused(404, "not_found")
		other.act(b, "accept", nil).refused(404, "not_found")
		ann.act(b, "accept", nil).refused(403, "forbidden")
		require.Equal(t, b, ann.see(b))
		require.Equal(t, b, shop.see(b))
	})
}

func TestBodiesAreChecked(t *testing.T) {
	t.Parallel()
	city := setup(t, booking.Config{})
	shop, ann := city.shop("v-1", "UTC"), city.customer("ann")
	for _, text := range []string{
		``, `[]`, `{`, `{"vendor":1}`, `{"vendor":"v-1"} {}`, `{"vendor":"v-1","seat":4}`,
		fmt.Sprintf(`{"vendor":"v-1","service":%q,"start":"tomorrow"}`, shop.massage),
	} {
		ann.post("/api/bookings", text).refused(400, "bad_request")
	}
	ann.post("/api/bookings", `"`+strings.Repeat("x", 64<<10)).refused(413, "too_large")
}

func TestRateLimitAllowsABurstAndThenARate(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{RatePerMinute: 60, RateBurst: 5}, func(t *testing.T, city *city) {
		ann, bob := city.customer("ann"), city.customer("bob")
		for range 5 {
			ann.get("/api/bookings").is(200)
		}
		refusal := ann.get("/api/bookings")
		refusal.refused(429, "rate_limited")
		require.Equal(t, "1", refusal.header.Get("Retry-After"))
		bob.get("/api/bookings").is(200)
		time.Sleep(time.Second - 1)
		ann.get("/api/bookings").refused(429, "rate_limited")
		time.Sleep(time.Nanosecond)
		ann.get("/api/bookings").is(200)
		ann.get("/api/bookings").refused(429, "rate_limited")
		time.Sleep(time.Hour)
		for range 5 {
			ann.get("/api/bookings").is(200)
		}
		ann.get("/api/bookings").refused(429, "rate_limited")
	})
}

func TestSessionsEndWhenIdle(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{}, func(t *testing.T, city *city) {
		ann, bob := city.customer("ann"), city.customer("bob")
		for range 16 {
			time.Sleep(24 * time.Hour)
			ann.get("/api/bookings").is(200)
		}
		bob.get("/api/bookings").refused(401, "unauthorized")
		require.Equal(t, 1, city.metric("sessions_live"))
		again := city.customer("bob")
		require.Equal(t, bob.UserID, again.UserID)
		again.get("/api/bookings").is(200)
	})
}

func TestPurgeRemovesEverybodyAndDryRunNobody(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{}, func(t *testing.T, city *city) {
		shop, ann := city.shop("v-1", "UTC"), city.customer("ann")
		b := ann.requested("v-1", shop.massage, monday(9, 0))
		ann.act(b, "messages", body{"text": "hello"}, "Idempotency-Key", "k").is(201)
		counts := `{"dryRun":%t,"users":2,"sessions":2,"vendors":1,"bookings":1,"messages":1,"ledgerEntries":1,"idempotencyKeys":1}`
		dry := city.send("", "POST", "/api/test/purge?dryRun=1", nil).is(200)
		require.JSONEq(t, fmt.Sprintf(counts, true), dry.body)
		ann.see(b)
		city.send("", "POST", "/api/test/purge?dryRun=maybe", nil).refused(400, "bad_request")
		wet := city.send("", "POST", "/api/test/purge", nil).is(200)
		require.JSONEq(t, fmt.Sprintf(counts, false), wet.body)
		ann.get("/api/bookings").refused(401, "unauthorized")
		again := city.shop("v-1", "UTC")
		require.Equal(t, "ven_2", again.UserID, "no id is used twice")
		require.Equal(t, "bk_2", city.customer("ann").held("v-1", again.massage, monday(9, 0)).ID)
	})
}

func TestConfigNamesTheFieldThatCannotBeMeant(t *testing.T) {
	t.Parallel()
	refuses := func(config booking.Config, want string) {
		t.Helper()
		_, err := booking.New(config)
		require.ErrorContains(t, err, want)
	}
	refuses(booking.Config{HoldTTL: -1}, "HoldTTL")
	refuses(booking.Config{SearchTTL: -1}, "SearchTTL")
	refuses(booking.Config{RateBurst: -1}, "RateBurst")
	refuses(booking.Config{MaxActiveBookings: -1}, "MaxActiveBookings")
	refuses(booking.Config{MemoryLimit: -1}, "MemoryLimit")
	refuses(booking.Config{WebhookURL: "http://app/hook"}, "WebhookSecret")
	refuses(booking.Config{Promos: map[string]booking.Promo{"X": {MaxUses: -1}}}, `Promos["X"]`)
	refuses(booking.Config{Bugs: []booking.Bug{"typo"}}, `unknown "typo"; known are check_then_insert, `)
}
