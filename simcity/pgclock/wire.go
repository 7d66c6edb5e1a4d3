package pgclock

import (
	"bytes"
	"encoding/binary"
	"io"
)

// wire rewrites the SQL in the messages that a client sends. Messages arrive
// here in pieces of any size and leave whole.
type wire struct {
	to   io.Writer
	held []byte // the beginning of a message whose rest is yet to come
}

// Write implements io.Writer. What is held back counts as written.
func (w *wire) Write(p []byte) (int, error) {
	w.held = append(w.held, p...)
	var out []byte
	for {
		size := messageSize(w.held)
		if size == 0 || size > len(w.held) {
			break
		}
		out = appendMessage(out, w.held[:size])
		w.held = w.held[size:]
	}
	w.held = append([]byte(nil), w.held...)
	if len(out) > 0 {
		if _, err := w.to.Write(out); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// messageSize is the length of the message at the head of b, 0 while that is
// unknown. The first message of a session has no letter before its length; it is
// short, so its first byte is 0, which no letter is.
func messageSize(b []byte) int {
	switch {
	case len(b) < 5:
		return 0
	case b[0] == 0:
		return max(int(binary.BigEndian.Uint32(b)), 5)
	}
	return 1 + max(int(binary.BigEndian.Uint32(b[1:])), 4)
}

// appendMessage appends a whole message with its SQL rewritten: that of a simple
// query, or of a statement to be prepared, which a name precedes.
func appendMessage(out, message []byte) []byte {
	switch body := message[min(5, len(message)):]; message[0] {
	case 'Q':
		if sql, rest, ok := bytes.Cut(body, end); ok {
			return appendSQL(out, 'Q', nil, sql, rest)
		}
	case 'P':
		name, parse, _ := bytes.Cut(body, end)
		if sql, rest, ok := bytes.Cut(parse, end); ok {
			return appendSQL(out, 'P', body[:len(name)+1], sql, rest)
		}
	}
	return append(out, message...)
}

// end ends each text in a message.
var end = []byte{0}

func appendSQL(out []byte, letter byte, before, sql, rest []byte) []byte {
	text := calling(string(sql))
	out = append(out, letter)
	out = binary.BigEndian.AppendUint32(out, uint32(4+len(before)+len(text)+1+len(rest)))
	out = append(append(out, before...), text...)
	return append(append(out, 0), rest...)
}
