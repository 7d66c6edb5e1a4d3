package booking

import "errors"

// viewOwn runs a read for the call's account. What it may see is decided by the
// store's row-level policies, here and nowhere else.
func (a *App) viewOwn(c *call, read func(Tx) error) error {
	who, err := a.identity(c)
	if err != nil {
		return err
	}
	return a.viewAs(WithIdentity(c.Context(), who), c, read)
}

// identity is for whom the call reads.
func (a *App) identity(c *call) (Identity, error) {
	who := Identity{Role: c.account.role, User: c.account.id}
	if who.Role == RoleVendor {
		var err error
		if who.Vendor, err = a.handleOf(c); err != nil {
			return Identity{}, err
		}
	}
	return who, nil
}

// handleOf is the handle of the call's vendor, empty before it has joined. A
// vendor never changes its handle, so that it is read once.
func (a *App) handleOf(c *call) (string, error) {
	if known := c.account.handle.Load(); known != nil {
		return *known, nil
	}
	var v Vendor
	err := a.view(c, func(tx Tx) error {
		var err error
		v, err = tx.VendorOf(c.account.id)
		return err
	})
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	if err == nil {
		c.account.handle.Store(&v.Handle)
	}
	return v.Handle, err
}
