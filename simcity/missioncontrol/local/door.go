package local

import (
	"crypto/rand"
	"crypto/subtle"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// A Door lets in who has the token: programs send it as Authorization: Bearer, and
// browsers as a cookie that /login?token= sets. Safe for concurrent use.
type Door struct{ token string }

const cookieName = "simcity_token"

// A refusal is the answer to whoever comes without the token.
type refusal struct{}

func (refusal) Error() string { return "the access token is missing or wrong" }

// Advice is for those who stand before the door.
func (refusal) Advice() string {
	return "programs send the header Authorization: Bearer <token>; in a browser, open the address that the terminal shows, token included"
}

// NewDoor returns a door for a token, or for a new one where it is empty.
func NewDoor(token string) *Door {
	if token == "" {
		token = rand.Text()
	}
	return &Door{token}
}

// Token is what opens the door.
func (d *Door) Token() string { return d.token }

// URL is what a browser opens.
func (d *Door) URL(addr net.Addr) string {
	return "http://" + addr.String() + "/login?token=" + url.QueryEscape(d.token)
}

func (d *Door) fits(token string) bool {
	return subtle.ConstantTimeCompare([]byte(token), []byte(d.token)) == 1
}

// Authorize is for a missioncontrol.Config.
func (d *Door) Authorize(r *http.Request) error {
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok && d.fits(token) {
		return nil
	}
	if cookie, err := r.Cookie(cookieName); err == nil && d.fits(cookie.Value) {
		return nil
	}
	return refusal{}
}

// Handler is the mission behind the door, with /login beside it.
func (d *Door) Handler(mission http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", mission)
	mux.HandleFunc("GET /login", d.login)
	mux.Handle("GET /{$}", http.RedirectHandler("/admin/simcity", http.StatusSeeOther))
	return mux
}

// login is GET /login?token=.
func (d *Door) login(w http.ResponseWriter, r *http.Request) {
	if !d.fits(r.URL.Query().Get("token")) {
		http.Error(w, refusal{}.Error()+": "+refusal{}.Advice(), http.StatusForbidden)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: d.token, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
	http.Redirect(w, r, "/admin/simcity", http.StatusSeeOther)
}

// KeptToken is the token of this user: made once and kept in the user's cache
// folder, so that a page that is open fits whoever serves it next. Where there is
// no such folder it is a new one each time.
func KeptToken() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return rand.Text()
	}
	return keptIn(filepath.Join(dir, "simcity"))
}

func keptIn(dir string) string {
	path, fresh := filepath.Join(dir, "token"), rand.Text()
	if kept, err := os.ReadFile(path); err == nil && len(kept) >= len(fresh) {
		return strings.TrimSpace(string(kept))
	}
	if os.MkdirAll(dir, 0o700) == nil {
		_ = os.WriteFile(path, []byte(fresh), 0o600) // what cannot be kept lasts as long as the process
	}
	return fresh
}
