package invariants_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/invariants"
	"github.com/bookiji/simcity/simcity"
)

func TestRefusals(t *testing.T) {
	t.Parallel()
	room := held("1", "room", noon)
	refused := func(from, to time.Duration) simcity.Operation {
		op := did("b", "book", from, to, of(simcity.Refused, held("", "room", noon)))
		op.Outcome, op.Status = simcity.Conflict, 409
		return op
	}
	now := 10 * minute // when it is refused, to a second later
	wrong := refused(now, now+second)
	cases := map[string]struct {
		history history
		broken  bool
	}{
		"nobody has it":              {history{wrong}, true},
		"somebody has it":            {history{did("a", "book", 0, 0, room), wrong}, false},
		"somebody has the next hour": {history{did("a", "book", 0, 0, held("1", "room", noon+hour)), wrong}, true},
		"somebody has it in another spelling of the time": {history{did("a", "book", 0, 0, simcity.Fact{
			Kind: simcity.Held, ID: "1", Resource: "room", Start: at(noon).In(time.FixedZone("", 3600)), End: at(noon + hour)}), wrong}, false},
		"the hold lapsed two minutes before": {history{did("a", "book", 0, 0, until(room, now-2*minute)), wrong}, false},
		"the hold lapsed earlier":            {history{did("a", "book", 0, 0, until(room, now-2*minute-1)), wrong}, true},
		"the hold was confirmed":             {history{did("a", "book", 0, 0, until(room, minute)), did("a", "pay", second, second, confirmed("1")), wrong}, false},
		"the hold may have been confirmed": {history{
			did("a", "book", 0, 0, until(room, minute)), failed(did("a", "pay", second, second, confirmed("1"))), wrong}, false},
		"given back two minutes before": {history{
			did("a", "book", 0, 0, room), did("a", "cancel", now-2*minute, now-2*minute, released("1")), wrong}, false},
		"given back earlier": {history{
			did("a", "book", 0, 0, room), did("a", "cancel", now-2*minute-1, now-2*minute-1, released("1")), wrong}, true},
		"given back, perhaps": {history{did("a", "book", 0, 0, room), failed(did("a", "cancel", second, second, released("1"))), wrong}, false},
		"given back for certain after all": {history{
			did("a", "book", 0, 0, room), failed(did("a", "cancel", second, second, released("1"))),
			did("a", "cancel", minute, minute, released("1")), wrong}, true},
		"moved away earlier": {history{
			did("a", "book", 0, 0, room), did("a", "move", second, second, of(simcity.Moved, held("1", "room", noon+3*hour))), wrong}, true},
		"moved there": {history{
			did("a", "book", 0, 0, held("1", "room", noon+3*hour)), did("a", "move", second, second, of(simcity.Moved, room)), wrong}, false},
		"booked by an operation in flight":             {history{wrong, did("a", "book", now+second, now+30*second, room)}, false},
		"booked by an operation that began later":      {history{wrong, did("a", "book", now+second+1, now+30*second, room)}, true},
		"booked, perhaps, by an operation that failed": {history{failed(did("a", "book", 0, 0, held("", "room", noon))), wrong}, false},
		"something was booked, perhaps":                {history{failed(did("a", "book", 0, 0)), wrong}, false},
		"something was read, perhaps":                  {history{failed(did("a", "search", 0, 0)), wrong}, true},
		"something was given back, perhaps":            {history{did("a", "cancel", 0, 0, released("x")), failed(did("a", "cancel", 0, 0)), wrong}, true},
		"over already":                                 {history{refused(noon+hour, noon+hour)}, false},
		"not over yet":                                 {history{refused(noon+hour-1, noon+hour-1)}, true},
		"a request that lasted too long to judge":      {history{refused(0, 20*minute)}, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := review(named("no_refusals_while_free"), join(attempts(100), c.history, history{tick(2 * noon)}))
			require.Equal(t, c.broken, v.broken(), "%v", v.breaches)
		})
	}
}

func TestARefusedSeat(t *testing.T) {
	t.Parallel()
	refused := did("c", "book", minute, minute, of(simcity.Refused, seats(held("", "yoga", noon), 2)))
	for taken, broken := range map[int]bool{0: true, 1: true, 2: false} {
		v := review(named("no_refusals_while_free"), join(attempts(100), seatsTaken(taken, 2), history{refused, tick(hour)}))
		require.Equal(t, broken, v.broken(), "%d of 2 seats taken", taken)
	}
}

func TestRefusalsAreSamplesOnlyOnceDecided(t *testing.T) {
	t.Parallel()
	h := join(attempts(3), history{did("b", "book", minute, minute, of(simcity.Refused, held("", "room", noon)))})
	h = join(h, history{tick(minute)})
	require.Equal(t, int64(3), review(named("no_refusals_while_free"), h).judgement.Samples, "what else began until then is not known yet")
	h = join(h, history{tick(minute + 1)})
	require.Equal(t, int64(4), review(named("no_refusals_while_free"), h).judgement.Samples)

	blind := review(named("no_refusals_while_free"), join(history{failed(did("a", "book", 0, 0))}, h))
	require.Zero(t, blind.judgement.Samples, "anything may have been booked")
	require.Contains(t, blind.judgement.Got, "judged only until")
}

func TestOffers(t *testing.T) {
	t.Parallel()
	booked := history{did("a", "book", 0, 0, held("1", "room", noon)), did("a", "pay", second, second, confirmed("1"))}
	shown := of(simcity.Offered, held("", "room", noon))
	offer := func(f simcity.Fact, from, to time.Duration) simcity.Operation { return did("b", "slots", from, to, f) }
	broken := func(h history) bool {
		free := of(simcity.Offered, held("", "other", noon))
		fill := many(100, func(int) any { return did("b", "slots", 0, 0, free) })
		return review(invariants.OfferedSlotsAreFree(minute), join(fill, h)).broken()
	}
	require.True(t, broken(join(booked, history{offer(shown, hour, hour)})))
	require.False(t, broken(join(booked[:1], history{offer(shown, hour, hour)})), "only held")
	taken := seats(shown, 1)
	require.False(t, broken(join(booked, history{offer(taken, hour, hour)})), "shown as taken")
	taken.Left = 1
	require.True(t, broken(join(booked, history{offer(taken, hour, hour)})))
	require.False(t, broken(join(booked, history{offer(seats(shown, 2), hour, hour)})), "a group")
	cancel := did("a", "cancel", hour, hour+2*second, released("1"))
	require.False(t, broken(join(booked, history{offer(shown, hour, hour+second), cancel})), "given back in the meantime, perhaps")
	require.True(t, broken(join(booked, history{offer(shown, hour-1, hour-1), cancel})))
}
