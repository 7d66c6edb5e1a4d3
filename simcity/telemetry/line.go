package telemetry

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strconv"
	"time"
	"unicode/utf8"
)

// A line of a spill file is eight hexadecimal digits, a space, JSON, and a line
// feed. The digits are the CRC-32C of the JSON.
const checksumDigits = 8

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// line is what one line tells: the run as it began, one event with the snapshot
// after it, or the run as it ended.
type line struct {
	Version   int       `json:"version,omitempty"` // of the file, in its first line
	Begin     *Run      `json:"begin,omitempty"`
	Delivered int64     `json:"delivered,omitempty"` // with Begin: events that come before the first of the file
	Event     *Event    `json:"event,omitempty"`
	Snapshot  *Snapshot `json:"snapshot,omitempty"`
	End       *Run      `json:"end,omitempty"`
	Live      *Live     `json:"live,omitempty"` // with End
}

// spillVersion is raised when a line changes its meaning.
const spillVersion = 1

// errTorn is that of a last line that was not written to its end.
var errTorn = errors.New("the last line is torn")

// appendLine adds the line of text that fill writes.
func appendLine(b []byte, fill func([]byte) []byte) []byte {
	start := len(b)
	b = append(b, "00000000 "...)
	b = fill(b)
	var sum [4]byte
	binary.BigEndian.PutUint32(sum[:], crc32.Checksum(b[start+checksumDigits+1:], castagnoli))
	hex.Encode(b[start:], sum[:])
	return append(b, '\n')
}

// appendAny adds a rare line, by reflection.
func appendAny(b []byte, l line) []byte {
	return appendLine(b, func(b []byte) []byte {
		text, _ := json.Marshal(l) // payloads are safe, so it always works
		return append(b, text...)
	})
}

// appendItem adds the line of an event, by hand, since it is written while the
// run waits.
func appendItem(b []byte, it *item) []byte {
	return appendLine(b, func(b []byte) []byte {
		e := &it.event
		b = append(b, `{"event":{"index":"`...)
		b = strconv.AppendInt(b, e.Index, 10)
		b = append(b, `","at":"`...)
		b = strconv.AppendInt(b, int64(e.At), 10)
		b = append(b, `","actor":`...)
		b = appendString(b, e.Actor)
		b = append(b, `,"type":`...)
		b = appendString(b, e.Type)
		b = append(b, `,"payload":`...)
		b = appendJSON(b, e.Payload)
		b = append(b, `,"observedAt":"`...)
		b = e.ObservedAt.AppendFormat(b, time.RFC3339Nano)
		b = append(b, `","before":`...)
		b = appendString(b, e.Before)
		b = append(b, `,"after":`...)
		b = appendString(b, e.After)
		if len(e.Context) > 0 {
			b = append(b, `,"context":`...)
			b = appendJSON(b, e.Context)
		}
		b = append(b, '}')
		if s := it.snapshot; s != nil {
			b = append(b, `,"snapshot":{"index":"`...)
			b = strconv.AppendInt(b, s.Index, 10)
			b = append(b, `","metrics":`...)
			b = appendJSON(b, s.Metrics)
			b = append(b, `,"state":`...)
			b = appendJSON(b, s.State)
			b = append(b, `,"createdAt":"`...)
			b = s.CreatedAt.AppendFormat(b, time.RFC3339Nano)
			b = append(b, `"}`...)
		}
		return append(b, '}')
	})
}

// appendJSON adds JSON on one line.
func appendJSON(b []byte, text json.RawMessage) []byte {
	if bytes.IndexByte(text, '\n') < 0 {
		return append(b, text...)
	}
	var compact bytes.Buffer
	_ = json.Compact(&compact, text) // it is safe, so it is valid
	return append(b, compact.Bytes()...)
}

// appendString adds a JSON string; nearly all are plain words.
func appendString(b []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			text, _ := json.Marshal(s) // a string always works
			return append(b, text...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// readLine reads one line and how long it is. io.EOF ends the file.
func readLine(r *bufio.Reader) (line, int64, error) {
	var l line
	text, err := r.ReadBytes('\n')
	size := int64(len(text))
	switch {
	case errors.Is(err, io.EOF) && size == 0:
		return l, 0, io.EOF
	case errors.Is(err, io.EOF):
		return l, size, errTorn
	case err != nil:
		return l, size, err
	}
	if len(text) < checksumDigits+2 || text[checksumDigits] != ' ' {
		return l, size, errors.New("a line has no checksum")
	}
	body := bytes.TrimSuffix(text[checksumDigits+1:], []byte("\n"))
	sum, err := strconv.ParseUint(string(text[:checksumDigits]), 16, 32)
	if err != nil || uint32(sum) != crc32.Checksum(body, castagnoli) {
		return l, size, errors.New("the checksum of a line is wrong: the file is damaged")
	}
	if err := json.Unmarshal(body, &l); err != nil {
		return l, size, fmt.Errorf("a line cannot be read: %w", err)
	}
	return l, size, nil
}
