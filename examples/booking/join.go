package booking

import (
	"errors"
	"net/http"
	"regexp"
	"strings"
	"time"
)

const (
	servicesMax    = 50
	nameLengthMax  = 100
	capacityMax    = 1000
	longestService = 12 * time.Hour
)

// vendorForm is the body of POST /api/vendors.
type vendorForm struct {
	Handle   string        `json:"handle"`
	Name     string        `json:"name"`
	City     string        `json:"city"`
	Timezone string        `json:"timezone"`
	OpenFrom int           `json:"openFrom"`
	OpenTo   int           `json:"openTo"`
	Services []serviceForm `json:"services"`
}

type serviceForm struct {
	Name            string `json:"name"`
	DurationMinutes int    `json:"durationMinutes"`
	PriceCents      int    `json:"priceCents"`
	Capacity        int    `json:"capacity"`
}

// join makes a vendor of the user. A user has one vendor: joining again
// answers the one that is there.
func (a *App) join(c *call) (reply, error) {
	var form vendorForm
	if err := c.decode(&form); err != nil {
		return reply{}, err
	}
	form.fill(c.account)
	if err := a.checkForm(form); err != nil {
		return reply{}, err
	}
	var joined string
	out, err := a.change(c, func(tx Tx) (reply, error) {
		v, err := tx.VendorOf(c.account.id)
		if errors.Is(err, ErrNotFound) {
			v, err = openVendor(tx, c.account, form)
			joined = v.City
		}
		if err != nil {
			return reply{}, err
		}
		return answerJSON(http.StatusCreated, v)
	})
	if err == nil && joined != "" {
		a.refresher.mark(joined)
		a.askRefresh(c.Context(), "a new vendor")
	}
	return out, err
}

// fill completes the form with what is usual.
func (f *vendorForm) fill(owner *account) {
	f.Handle = canonicalHandle(f.Handle)
	f.Name, f.City = strings.TrimSpace(f.Name), strings.TrimSpace(f.City)
	orElse(&f.Timezone, owner.timezone)
	if f.OpenFrom == 0 && f.OpenTo == 0 {
		f.OpenFrom, f.OpenTo = 8, 18
	}
	for i := range f.Services {
		orElse(&f.Services[i].Capacity, 1)
	}
}

var handlePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)

func (a *App) checkForm(f vendorForm) error {
	switch {
	case f.Handle != "" && !handlePattern.MatchString(f.Handle):
		return badRequest("handle must be up to 40 letters, digits and hyphens")
	case f.Name == "" || len(f.Name) > nameLengthMax:
		return badRequest("name must have 1 to %d bytes", nameLengthMax)
	case f.City == "" || len(f.City) > nameLengthMax:
		return badRequest("city must have 1 to %d bytes", nameLengthMax)
	case f.OpenFrom < 0 || f.OpenFrom >= f.OpenTo || f.OpenTo > 24:
		return badRequest("open hours %d to %d are not within a day", f.OpenFrom, f.OpenTo)
	case len(f.Services) == 0 || len(f.Services) > servicesMax:
		return badRequest("a vendor has 1 to %d services", servicesMax)
	}
	if _, err := a.zones.load(f.Timezone); err != nil {
		return badRequest("%v", err)
	}
	open := time.Duration(f.OpenTo-f.OpenFrom) * time.Hour
	for _, s := range f.Services {
		if err := s.check(min(open, longestService)); err != nil {
			return err
		}
	}
	return nil
}

func (s serviceForm) check(longest time.Duration) error {
	switch {
	case strings.TrimSpace(s.Name) == "" || len(s.Name) > nameLengthMax:
		return badRequest("a service's name must have 1 to %d bytes", nameLengthMax)
	case s.DurationMinutes <= 0 || s.DurationMinutes > int(longest.Minutes()):
		return badRequest("durationMinutes must be 1 to %d", int(longest.Minutes()))
	case s.PriceCents < 0:
		return badRequest("priceCents must not be negative")
	case s.Capacity < 1 || s.Capacity > capacityMax:
		return badRequest("capacity must be 1 to %d", capacityMax)
	}
	return nil
}

// openVendor inserts a vendor with its services.
func openVendor(tx Tx, owner *account, f vendorForm) (Vendor, error) {
	handle, err := freeHandle(tx, f.Handle)
	if err != nil {
		return Vendor{}, err
	}
	v := Vendor{
		Handle: handle, Owner: owner.id, Name: f.Name, City: f.City, Timezone: f.Timezone,
		OpenFrom: f.OpenFrom, OpenTo: f.OpenTo, Rating: 5,
	}
	for _, s := range f.Services {
		id, err := tx.NextID(SequenceService)
		if err != nil {
			return Vendor{}, err
		}
		v.Services = append(v.Services, Service{
			ID: id, Name: strings.TrimSpace(s.Name), DurationMinutes: s.DurationMinutes,
			PriceCents: s.PriceCents, Capacity: s.Capacity,
		})
	}
	return v, tx.PutVendor(v)
}

// freeHandle returns the wanted handle if nobody has it, or draws one.
func freeHandle(tx Tx, wanted string) (string, error) {
	for {
		handle := wanted
		if wanted == "" {
			drawn, err := tx.NextID(SequenceVendor)
			if err != nil {
				return "", err
			}
			handle = drawn
		}
		_, err := tx.Vendor(handle)
		switch {
		case errors.Is(err, ErrNotFound):
			return handle, nil
		case err != nil:
			return "", err
		case wanted != "":
			return "", &problem{http.StatusConflict, "handle_taken", "another vendor is called " + wanted}
		}
	}
}
