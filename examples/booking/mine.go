package booking

import "net/http"

// listMax is how many bookings or entries a list shows at most.
const listMax = 100

// booking reads the booking of the call's path as of now, to change it, if the
// account has to do with it. To everybody else it does not exist.
func (c *call) booking(tx Tx) (Booking, error) {
	id := c.PathValue("id")
	b, err := tx.Booking(id)
	if err != nil {
		return Booking{}, missing(err, "booking "+id)
	}
	mine := b.Customer == c.account.id
	if c.account.role == RoleVendor {
		v, err := tx.VendorOf(c.account.id)
		if err != nil {
			return Booking{}, missing(err, "booking "+id)
		}
		mine = b.Vendor == v.Handle
	}
	if !mine {
		return Booking{}, notFound("booking " + id)
	}
	return b.asOf(c.now), nil
}

// party is under which name the account's bookings and entries are found.
func (c *call) party(tx Tx) (string, error) {
	if c.account.role == RoleCustomer {
		return c.account.id, nil
	}
	v, err := tx.VendorOf(c.account.id)
	return v.Handle, missing(err, "your vendor")
}

// showBooking answers GET /api/bookings/{id}.
func (a *App) showBooking(c *call) (reply, error) {
	var b Booking
	id := c.PathValue("id")
	err := a.viewOwn(c, func(tx Tx) error {
		var err error
		b, err = tx.Booking(id)
		return missing(err, "booking "+id)
	})
	if err != nil {
		return reply{}, err
	}
	return answerJSON(http.StatusOK, b.asOf(c.now))
}

// listBookings answers GET /api/bookings: the latest of the account, newest
// first.
func (a *App) listBookings(c *call) (reply, error) {
	var mine []Booking
	err := a.viewOwn(c, func(tx Tx) error {
		var err error
		mine, err = tx.VisibleBookings(listMax)
		return err
	})
	if err != nil {
		return reply{}, err
	}
	for i, b := range mine {
		mine[i] = b.asOf(c.now)
	}
	return answerJSON(http.StatusOK, struct {
		Bookings []Booking `json:"bookings"`
	}{notNil(mine)})
}

// statement is what GET /api/ledger answers.
type statement struct {
	Entries []Entry `json:"entries"`
	Totals
}

// ledger answers the account's latest entries and the totals of all.
func (a *App) ledger(c *call) (reply, error) {
	var s statement
	err := a.viewOwn(c, func(tx Tx) error {
		name, err := c.party(tx)
		if err != nil {
			return err
		}
		if s.Entries, err = tx.Entries(name, listMax); err != nil {
			return err
		}
		s.Totals, err = tx.Totals(name)
		return err
	})
	if err != nil {
		return reply{}, err
	}
	s.Entries = notNil(s.Entries)
	return answerJSON(http.StatusOK, s)
}
