package simcity

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"sync"
)

// cookies keep a citizen's cookies at a target elsewhere. The jar is made for the
// first one: most hosts set none, and each request would ask it.
type cookies struct {
	mu  sync.Mutex
	jar *cookiejar.Jar
}

// Cookies are those that go with a request.
func (c *cookies) Cookies(u *url.URL) []*http.Cookie {
	c.mu.Lock()
	jar := c.jar
	c.mu.Unlock()
	if jar == nil {
		return nil
	}
	return jar.Cookies(u)
}

// SetCookies keeps those of an answer.
func (c *cookies) SetCookies(u *url.URL, set []*http.Cookie) {
	c.mu.Lock()
	if c.jar == nil {
		c.jar, _ = cookiejar.New(nil) // never fails; all cookies are of one host
	}
	jar := c.jar
	c.mu.Unlock()
	jar.SetCookies(u, set)
}
