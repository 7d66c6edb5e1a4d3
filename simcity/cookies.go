package simcity

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
)

// cookies keep a citizen's cookies at a target elsewhere. The jar is made for the
// first one: most hosts set none, and each request would ask it.
type cookies struct{ jar *cookiejar.Jar }

// Cookies are those that go with a request.
func (c *cookies) Cookies(u *url.URL) []*http.Cookie {
	if c.jar == nil {
		return nil
	}
	return c.jar.Cookies(u)
}

// SetCookies keeps those of an answer.
func (c *cookies) SetCookies(u *url.URL, set []*http.Cookie) {
	if c.jar == nil {
		c.jar, _ = cookiejar.New(nil) // never fails; all cookies are of one host
	}
	c.jar.SetCookies(u, set)
}
