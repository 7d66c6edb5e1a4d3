package agents

import (
	"context"
	"time"
)

// Message is a line of the chat about a booking.
type Message struct {
	ID      string    `json:"id"`
	Booking string    `json:"booking"`
	From    string    `json:"from"` // the writer's Account
	At      time.Time `json:"at"`
	Text    string    `json:"text"`
}

// Chats is what a [Marketplace] may be as well: one whose chats can be read.
// [REST] is one. Nobody but an [Intruder] asks for it.
type Chats interface {
	// Messages lists the chat of a booking, oldest first.
	Messages(ctx context.Context, u *User, id string) ([]Message, error)
}

var _ Chats = REST{}

const pathMessages = "GET /api/bookings/{id}/messages"

// Messages takes {messages: [...]}.
func (r REST) Messages(ctx context.Context, u *User, id string) ([]Message, error) {
	var out struct{ Messages []Message }
	err := r.send(ctx, u, r.Paths.Messages, pathMessages, place{id: id}, "", nil, &out)
	return out.Messages, err
}
