package notify

import (
	"bytes"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/go-resty/resty/v2"
)

// limited tells whether an answer asks us to slow down: 429, or a 403 that says so
// as GitHub does for its primary limit (x-ratelimit-remaining: 0) and for its
// secondary ones (retry-after, or only words).
// https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
func limited(response *resty.Response) bool {
	if response == nil {
		return false
	}
	switch response.StatusCode() {
	case http.StatusTooManyRequests:
		return true
	case http.StatusForbidden:
		header := response.Header()
		return header.Get("Retry-After") != "" || header.Get("X-Ratelimit-Remaining") == "0" ||
			bytes.Contains(bytes.ToLower(response.Body()), []byte("rate limit"))
	}
	return false
}

// limitWait is how long such an answer wants us to wait: what Retry-After says,
// else until x-ratelimit-reset if nothing remains, else a minute that doubles.
func limitWait(response *resty.Response, try int) time.Duration {
	header := response.Header()
	if text := header.Get("Retry-After"); text != "" {
		if seconds, err := strconv.Atoi(text); err == nil && seconds >= 0 {
			return max(time.Duration(seconds)*time.Second, time.Second)
		}
		if date, err := http.ParseTime(text); err == nil {
			return max(date.Sub(now()), time.Second)
		}
	}
	if header.Get("X-Ratelimit-Remaining") == "0" {
		if reset, err := strconv.ParseInt(header.Get("X-Ratelimit-Reset"), 10, 64); err == nil {
			return max(time.Unix(reset, 0).Sub(now())+time.Second, time.Second)
		}
	}
	return time.Minute << (try - 1)
}

// backoff is 1, 2, 4 and 8 seconds.
func backoff(try int) time.Duration { return time.Second << (try - 1) }

// loopback tells whether a host is this machine.
func loopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback() || host == "localhost"
}
