package booking

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// table is one that row-level policies protect. A message or an entry belongs
// to whom its booking belongs to.
type table int

const (
	tableBookings table = iota
	tableMessages
	tableEntries
	tableCount
)

func (t table) String() string {
	return [tableCount]string{"bookings", "messages", "ledger_entries"}[t]
}

// misconfiguration is a way in which policies go wrong.
type misconfiguration struct {
	kind   string
	tables []table
	writes bool // others' rows can be changed as well as read
	detail string
}

var everyTable = []table{tableBookings, tableMessages, tableEntries}

// misconfigurations lists the kinds of [MemoryStore.Misconfigure].
var misconfigurations = []misconfiguration{
	{"admin_access", everyTable, true, "everybody counted as an admin"},
	{"disabled_table", []table{tableBookings}, true, "row-level security was off"},
	{"permissive_policy", everyTable, false, "a policy let everybody read"},
}

// policies says which tables are open to everybody. The zero value is as it
// must be: a customer sees and changes its own rows, a vendor those at its
// place.
type policies struct {
	broken map[string]*misconfiguration // by kind; the pointer is whose it is
	read   [tableCount]bool
	write  [tableCount]bool
}

// set breaks a policy, or restores it when m is nil.
func (p *policies) set(kind string, m *misconfiguration) {
	if p.broken == nil {
		p.broken = map[string]*misconfiguration{}
	}
	delete(p.broken, kind)
	if m != nil {
		p.broken[kind] = m
	}
	p.read, p.write = [tableCount]bool{}, [tableCount]bool{}
	for _, m := range p.broken {
		for _, t := range m.tables {
			p.read[t] = true
			p.write[t] = p.write[t] || m.writes
		}
	}
}

// party is the name under which an identity's rows are found, empty for one
// that has none.
func (i Identity) party() string {
	switch i.Role {
	case RoleCustomer:
		return i.User
	case RoleVendor:
		return i.Vendor
	}
	return ""
}

// owns tells whether a booking is the identity's own or at its place.
func (i Identity) owns(b *Booking) bool {
	switch i.Role {
	case RoleCustomer:
		return i.User != "" && b.Customer == i.User
	case RoleVendor:
		return i.Vendor != "" && b.Vendor == i.Vendor
	}
	return false
}

// sees tells whether the policies show a row, changes whether they let it be
// changed.
func (tx *memoryTx) sees(of table, r *row) bool {
	return tx.service || tx.policies.read[of] || tx.who.owns(&r.Booking)
}

func (tx *memoryTx) changes(of table, r *row) bool {
	return tx.service || tx.policies.write[of] || tx.who.owns(&r.Booking)
}

// Misconfigure breaks row-level policies, as a careless migration would, until
// restore is called or GuardPolicies comes by. Restoring twice, or what was
// restored already, does nothing. The kinds are
//
//   - admin_access: everybody counts as an admin, who reads and changes all
//     bookings, messages and ledger entries;
//   - disabled_table: the bookings are protected by nothing;
//   - permissive_policy: everybody may read all bookings, messages and ledger
//     entries.
//
// It returns how many rows that lays open, and for another kind an error that
// lists these.
func (s *MemoryStore) Misconfigure(kind string) (restore func(), rows int64, err error) {
	i := slices.IndexFunc(misconfigurations, func(m misconfiguration) bool { return m.kind == kind })
	if i < 0 {
		return nil, 0, fmt.Errorf("booking: MemoryStore.Misconfigure knows no kind %q; known are %s", kind, strings.Join(kinds(), ", "))
	}
	mine := misconfigurations[i]
	s.mu.Lock()
	defer s.mu.Unlock()
	s.policies.set(kind, &mine)
	restore = func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.policies.broken[kind] == &mine {
			s.policies.set(kind, nil)
		}
	}
	return restore, s.tables.rowsOf(mine.tables), nil
}

func kinds() []string {
	names := make([]string, len(misconfigurations))
	for i, m := range misconfigurations {
		names[i] = m.kind
	}
	return names
}

func (t *tables) rowsOf(which []table) (rows int64) {
	count := [tableCount]int{len(t.bookings), t.messages, t.entries}
	for _, of := range which {
		rows += int64(count[of])
	}
	return rows
}

// auditMax bounds the audit; the oldest row makes room.
const auditMax = 1000

// GuardPolicies implements [Store]. Each table that was open counts as one.
func (s *MemoryStore) GuardPolicies(ctx context.Context) (restored int, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range misconfigurations { // in the order of the list, not of the map
		if s.policies.broken[m.kind] == nil {
			continue
		}
		s.policies.set(m.kind, nil)
		for _, t := range m.tables {
			s.tables.note(AuditRow{At: present(), Table: t.String(), Detail: m.detail})
			restored++
		}
	}
	return restored, nil
}

func (t *tables) note(r AuditRow) {
	if len(t.audit) >= auditMax {
		t.audit = slices.Delete(t.audit, 0, 1)
	}
	t.audit = append(t.audit, r)
}

// Audit implements [UpkeepTx].
func (tx *memoryTx) Audit(limit int) ([]AuditRow, error) {
	latest := slices.Clone(tx.audit[max(0, len(tx.audit)-limit):])
	slices.Reverse(latest)
	return latest, nil
}
