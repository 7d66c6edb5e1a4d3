package booking

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// The roles of an account.
const (
	RoleCustomer = "customer"
	RoleVendor   = "vendor"
	RoleGuest    = "guest" // who has not said yet what they came for
)

// sessionIdleMax is how long a session lives without a request: longer than
// the slots list reaches ahead, so that a customer who booked the last day of
// it is still signed in when it comes.
const sessionIdleMax = slotsWindowMax + 24*time.Hour

// account is a user. Apart from the atomics its fields never change.
type account struct {
	id       string
	email    string
	role     string
	timezone string

	seen    atomic.Int64           // Unix nanoseconds of the latest request
	allowed atomic.Int64           // see limiter
	handle  atomic.Pointer[string] // of a vendor that has joined, once it is known
}

// accounts knows the users and their sessions. They stay in this process.
type accounts struct {
	mu        sync.RWMutex
	byEmail   map[string]*account
	byToken   map[string]*account
	tokens    map[*account]string
	sequences map[string]int // by role
}

func newAccounts() *accounts {
	return &accounts{
		byEmail:   map[string]*account{},
		byToken:   map[string]*account{},
		tokens:    map[*account]string{},
		sequences: map[string]int{},
	}
}

// signIn returns the session of an e-mail address and makes the account when
// it is new. Signing in again returns the same token while the session lives,
// so that sessions cannot pile up. A guest who signs in with a role becomes
// somebody new.
func (s *accounts) signIn(email, role, timezone string, now time.Time) (token string, acc *account, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	acc, known := s.byEmail[email]
	if known && acc.role == RoleGuest && role != RoleGuest {
		s.end(acc)
		known = false
	}
	if !known {
		s.sequences[role]++
		acc = &account{
			id:    fmt.Sprintf("%s_%d", role[:3], s.sequences[role]),
			email: email, role: role, timezone: timezone,
		}
		s.byEmail[email] = acc
	}
	if acc.role != role && role != RoleGuest {
		return "", nil, forbidden("this address belongs to a " + acc.role)
	}
	token, ok := s.tokens[acc]
	if !ok {
		token = rand.Text()
		s.tokens[acc], s.byToken[token] = token, acc
	}
	acc.seen.Store(now.UnixNano())
	return token, acc, nil
}

// find returns the account of a session's token.
func (s *accounts) find(token string) (*account, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	acc, ok := s.byToken[token]
	return acc, ok
}

// endIdle ends the sessions that nobody used since.
func (s *accounts) endIdle(since time.Time) (ended int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for acc := range s.tokens {
		if acc.seen.Load() < since.UnixNano() {
			s.end(acc)
			ended++
		}
	}
	return ended
}

// end ends an account's session. mu is held.
func (s *accounts) end(acc *account) {
	delete(s.byToken, s.tokens[acc])
	delete(s.tokens, acc)
}

// count returns how many users and sessions there are.
func (s *accounts) count() (users, sessions int) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.byEmail), len(s.byToken)
}

// purge forgets everybody. Ids go on, so that none is used twice.
func (s *accounts) purge() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.byEmail)
	clear(s.byToken)
	clear(s.tokens)
}

var synthetic = regexp.MustCompile(`^synthetic\+[a-z0-9._-]{1,64}@example\.com$`)

// A Session is that of a user who has signed in.
type Session struct {
	Token  string `json:"token"`
	UserID string `json:"userId"`
	Role   string `json:"role"`
}

// login opens a session for a synthetic user. The real service has another
// way in for people; this one is for tests.
func (a *App) login(c *call) (reply, error) {
	var want struct{ Email, Role, Timezone string }
	if err := c.decode(&want); err != nil {
		return reply{}, err
	}
	session, err := a.SignIn(want.Email, want.Role, want.Timezone)
	if err != nil {
		return reply{}, err
	}
	return answerJSON(200, session)
}

// SignIn opens a session for a synthetic user, as POST /api/test/login does. The
// time zone is UTC if it is empty. A guest may do what anyone may, and takes
// another role by signing in again.
func (a *App) SignIn(email, role, timezone string) (Session, error) {
	email = strings.ToLower(strings.TrimSpace(email))
	if !synthetic.MatchString(email) {
		return Session{}, forbidden("only synthetic+<name>@example.com may sign in here")
	}
	if role != RoleCustomer && role != RoleVendor && role != RoleGuest {
		return Session{}, badRequest("role must be %s, %s or %s", RoleCustomer, RoleVendor, RoleGuest)
	}
	timezone = cmp.Or(timezone, "UTC")
	if _, err := a.zones.load(timezone); err != nil {
		return Session{}, badRequest("%v", err)
	}
	token, acc, err := a.accounts.signIn(email, role, timezone, time.Now())
	if err != nil {
		return Session{}, err
	}
	return Session{token, acc.id, acc.role}, nil
}
