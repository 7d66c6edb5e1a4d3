package main

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"net/http"
	"strings"
)

// A door lets in who has the token: programs send it as Authorization: Bearer, and
// browsers as a cookie that /login?token= sets.
type door struct{ token string }

const cookieName = "simcity_token"

var errNoToken = errors.New("the access token is missing or wrong")

func newToken() string { return rand.Text() }

func (d *door) fits(token string) bool {
	return subtle.ConstantTimeCompare([]byte(token), []byte(d.token)) == 1
}

// authorize is Mission Control's.
func (d *door) authorize(r *http.Request) error {
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok && d.fits(token) {
		return nil
	}
	if cookie, err := r.Cookie(cookieName); err == nil && d.fits(cookie.Value) {
		return nil
	}
	return errNoToken
}

// open is GET /login?token=.
func (d *door) open(w http.ResponseWriter, r *http.Request) {
	if !d.fits(r.URL.Query().Get("token")) {
		http.Error(w, errNoToken.Error(), http.StatusForbidden)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: d.token, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
	http.Redirect(w, r, "/admin/simcity", http.StatusSeeOther)
}
