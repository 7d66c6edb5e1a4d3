package agents

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/bookiji/simcity/simcity"
)

// prowler is one intruder's state.
type prowler struct {
	operator
	Intruder
	highest int      // number of a booking, for the default guess
	shown   []string // ids that are not its own
}

// unnamed is the owner of what is foreign when the app does not tell whose it is.
const unnamed = "somebody else"

// prowl looks once wherever something foreign may show.
func (p *prowler) prowl(ctx context.Context) error {
	err := p.list(ctx)
	if ended(ctx, err) {
		return err
	}
	lacks := errors.Is(err, ErrUnsupported)
	for range guesses {
		id := p.guess()
		for _, ask := range []func(context.Context, string) error{p.see, p.read} {
			err := ask(ctx, id)
			if ended(ctx, err) {
				return err
			}
			lacks = lacks && errors.Is(err, ErrUnsupported)
		}
	}
	if lacks {
		return fmt.Errorf("nothing to look at: %w", ErrUnsupported)
	}
	return nil
}

// guess is an id to ask for.
func (p *prowler) guess() string {
	again, i := p.chance(0.5), p.Rand().IntN(shownMax) // drawn always, whatever it was shown
	id := ""
	if p.Guess != nil {
		id = p.Guess(p.Rand())
	} else {
		id = fmt.Sprintf("bk_%d", 1+p.Rand().IntN(2*p.highest))
	}
	if again && len(p.shown) > 0 {
		return p.shown[i%len(p.shown)]
	}
	return id
}

// list reads the list of own bookings, which should be empty.
func (p *prowler) list(ctx context.Context) error {
	return p.do(ctx, OpMineForeign, "", func(ctx context.Context, op *simcity.Operation) error {
		list, err := p.market.Mine(ctx, p.User)
		if err != nil {
			return err
		}
		for _, b := range list[:min(len(list), toldMax)] {
			p.saw(op, b.ID, b.Customer, "in the list of its own bookings")
		}
		return nil
	})
}

// see asks for one booking.
func (p *prowler) see(ctx context.Context, id string) error {
	return p.do(ctx, OpSeeForeign, id, func(ctx context.Context, op *simcity.Operation) error {
		b, err := p.market.See(ctx, p.User, id)
		if err != nil {
			return p.denied(op, id, err)
		}
		p.saw(op, b.ID, b.Customer, "by its id")
		return nil
	})
}

// read asks for the chat of one booking. A chat that shows no line shows nothing
// foreign: that is how policies on rows say no.
func (p *prowler) read(ctx context.Context, id string) error {
	chats, ok := p.market.(Chats)
	if !ok {
		return ErrUnsupported
	}
	return p.do(ctx, OpChatForeign, id, func(ctx context.Context, op *simcity.Operation) error {
		said, err := chats.Messages(ctx, p.User, id)
		if err != nil {
			return p.denied(op, id, err)
		}
		if len(said) == 0 {
			op.Learn(simcity.Fact{Kind: simcity.Denied, ID: id, Holder: p.ID(), Detail: "an empty chat"})
			return nil
		}
		p.saw(op, id, said[0].From, "its chat")
		return nil
	})
}

// denied tells that a refusal was the right answer. Others stay as they are.
func (p *prowler) denied(op *simcity.Operation, id string, err error) error {
	var refused *Refusal
	if !errors.As(err, &refused) || refused.Status != http.StatusForbidden && !errors.Is(err, ErrGone) {
		return err
	}
	op.Outcome = simcity.Rejected
	op.Learn(simcity.Fact{Kind: simcity.Denied, ID: id, Holder: p.ID()})
	return nil
}

// saw tells what it was shown and remembers how to ask for it again.
func (p *prowler) saw(op *simcity.Operation, id, owner, where string) {
	fact := simcity.Fact{Kind: simcity.Saw, ID: id, Holder: p.ID(), Of: cmp.Or(owner, unnamed), Detail: where}
	if owner != "" && owner == p.Account {
		fact.Of = p.ID()
		op.Learn(fact)
		return
	}
	op.Learn(fact)
	if digits, ok := strings.CutPrefix(id, "bk_"); ok {
		if n, err := strconv.Atoi(digits); err == nil {
			p.highest = max(p.highest, min(n, 1<<30))
		}
	}
	if len(p.shown) < shownMax && !slices.Contains(p.shown, id) {
		p.shown = append(p.shown, id)
	}
}
