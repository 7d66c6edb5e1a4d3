package booking

import (
	"net/http"
	"strings"
)

// What a chat may cost us.
const (
	messagesMax   = 200 // per booking
	messageLength = 2000
)

// sendMessage adds a line to the chat of a booking.
func (a *App) sendMessage(c *call) (reply, error) {
	var line struct {
		Text string `json:"text"`
	}
	if err := c.decode(&line); err != nil {
		return reply{}, err
	}
	if strings.TrimSpace(line.Text) == "" || len(line.Text) > messageLength {
		return reply{}, badRequest("text must have 1 to %d bytes", messageLength)
	}
	return a.change(c, func(tx Tx) (reply, error) {
		b, err := c.booking(tx)
		if err != nil {
			return reply{}, err
		}
		said, err := tx.Messages(b.ID)
		if err != nil {
			return reply{}, err
		}
		if len(said) >= messagesMax {
			return reply{}, quotaExceeded("a booking has at most %d messages", messagesMax)
		}
		id, err := tx.NextID(SequenceMessage)
		if err != nil {
			return reply{}, err
		}
		m := Message{ID: id, Booking: b.ID, From: c.account.id, At: c.now, Text: line.Text}
		if err := tx.AppendMessage(m); err != nil {
			return reply{}, err
		}
		return answerJSON(http.StatusCreated, m)
	})
}

// listMessages answers the chat of a booking, oldest first.
func (a *App) listMessages(c *call) (reply, error) {
	var said []Message
	id, view := c.PathValue("id"), a.viewOwn
	if a.has(BugLeaksMessages) {
		view = a.view
	}
	err := view(c, func(tx Tx) error {
		var err error
		said, err = tx.Messages(id)
		return missing(err, "booking "+id)
	})
	if err != nil {
		return reply{}, err
	}
	return answerJSON(http.StatusOK, struct {
		Messages []Message `json:"messages"`
	}{notNil(said)})
}
