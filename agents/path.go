package agents

import (
	"net/url"
	"reflect"
	"strings"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// Paths are the routes of [REST], each "METHOD /path" with the placeholders
// {vendor}, {service}, {id}, {city}, {text}, {from}, {to} (RFC 3339) and {date}
// (2006-01-02, of from). Empty means the default, "-" that the app has no such
// route.
type Paths struct {
	SignIn     string // default POST /api/test/login
	Search     string // default GET /api/search?city={city}&q={text}
	Slots      string // default GET /api/vendors/{vendor}/slots?service={service}&from={from}&to={to}
	Book       string // default POST /api/bookings
	Confirm    string // default POST /api/bookings/{id}/confirm
	See        string // default GET /api/bookings/{id}
	Mine       string // default GET /api/bookings
	Reschedule string // default POST /api/bookings/{id}/reschedule
	Cancel     string // default POST /api/bookings/{id}/cancel
	CheckIn    string // default POST /api/bookings/{id}/checkin
	Say        string // default POST /api/bookings/{id}/messages
	Messages   string // default GET /api/bookings/{id}/messages
	Ledger     string // default GET /api/ledger
	Open       string // default POST /api/vendors
	Inbox      string // default GET /api/vendor/inbox
	Accept     string // default POST /api/bookings/{id}/accept
	Decline    string // default POST /api/bookings/{id}/decline
	Propose    string // default POST /api/bookings/{id}/propose
}

// NoRoute is the path of a verb that the app does not have.
const NoRoute = "-"

// Validate reports the first path that is no route, by its verb. The simulation
// asks.
func (p Paths) Validate() error {
	fields := reflect.ValueOf(p)
	for i := range fields.NumField() {
		path := fields.Field(i).String()
		if path == "" || path == NoRoute {
			continue
		}
		fail := func(fix string) error {
			return &simcity.FieldError{
				Field: "REST.Paths." + fields.Type().Field(i).Name, Value: path,
				Allowed: `"METHOD /path" with {vendor}, {service}, {id}, {city}, {text}, {from}, {to}, {date}, or "-"`, Fix: fix,
			}
		}
		method, rest, _ := strings.Cut(path, " ")
		if method == "" || strings.ToUpper(method) != method || !strings.HasPrefix(rest, "/") {
			return fail("begin with the method and a blank, as in GET /api/free")
		}
		for _, part := range strings.Split(rest, "{")[1:] {
			name, _, closed := strings.Cut(part, "}")
			if _, known := (place{}).value(name); !closed || !known {
				return fail("use one of the known placeholders")
			}
		}
	}
	return nil
}

// place is what a path's placeholders stand for.
type place struct {
	vendor, service, id, city, text string
	from, to                        time.Time
}

func (p place) value(name string) (string, bool) {
	switch name {
	case "vendor":
		return p.vendor, true
	case "service":
		return p.service, true
	case "id":
		return p.id, true
	case "city":
		return p.city, true
	case "text":
		return p.text, true
	case "from":
		return p.from.UTC().Format(time.RFC3339), true
	case "to":
		return p.to.UTC().Format(time.RFC3339), true
	case "date":
		return p.from.UTC().Format(time.DateOnly), true
	}
	return "", false
}

// expand fills the placeholders of a template. Values are escaped for where
// they stand: in the path or in the query.
func expand(template string, p place) string {
	if !strings.Contains(template, "{") {
		return template
	}
	var out strings.Builder
	out.Grow(len(template) + 32)
	inQuery := false
	for template != "" {
		open := strings.IndexByte(template, '{')
		if open < 0 {
			out.WriteString(template)
			break
		}
		end := strings.IndexByte(template[open:], '}')
		if end < 0 {
			out.WriteString(template)
			break
		}
		inQuery = inQuery || strings.Contains(template[:open], "?")
		out.WriteString(template[:open])
		name := template[open+1 : open+end]
		value, known := p.value(name)
		switch {
		case !known:
			out.WriteString(template[open : open+end+1])
		case inQuery:
			out.WriteString(url.QueryEscape(value))
		default:
			out.WriteString(url.PathEscape(value))
		}
		template = template[open+end+1:]
	}
	return out.String()
}
