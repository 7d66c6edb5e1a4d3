package postgres

import (
	"bytes"
	"context"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bookiji/simcity/simcity/telemetry"
)

// copyEvents brings in events and ends the transaction, in one round trip. It takes
// the text format, which is the same for a column of any type: a project's older
// table may have another one.
const copyEvents = `COPY simcity_run_events
	(run_id, event_index, event_type, event_payload, actor, simulated_nanos, observed_at, state_digest_before, state_digest_after, invariant_context)
	FROM STDIN; COMMIT`

// copyIn adds a batch in one transaction, its events by COPY. That takes half of
// the time of an INSERT that looks for conflicts, on both sides, but one row that is
// there already refuses the batch.
func (s *Store) copyIn(ctx context.Context, batch *telemetry.Batch) error {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release() // closes a session whose transaction is open
	var first pgx.Batch
	first.Queue("BEGIN")
	queueSnapshots(&first, batch)
	queueLive(&first, batch)
	if err := conn.SendBatch(ctx, &first).Close(); err != nil {
		return err
	}
	_, err = conn.Conn().PgConn().CopyFrom(ctx, bytes.NewReader(eventLines(batch)), copyEvents)
	if state(err) != "" {
		_, _ = conn.Exec(ctx, "ROLLBACK") // the first error counts
	}
	return err
}

// eventLines are the events as COPY reads them.
func eventLines(batch *telemetry.Batch) []byte {
	const line = 300 // bytes, with the digests and without the payload
	size := 0
	for i := range batch.Events {
		size += line + len(batch.Events[i].Payload) + len(batch.Events[i].Context)
	}
	b := make([]byte, 0, size)
	for i := range batch.Events {
		e := &batch.Events[i]
		b = append(appendText(b, batch.RunID), '\t')
		b = append(strconv.AppendInt(b, e.Index, 10), '\t')
		b = append(appendText(b, e.Type), '\t')
		b = append(appendJSON(b, e.Payload), '\t')
		b = append(appendText(b, e.Actor), '\t')
		b = append(strconv.AppendInt(b, int64(e.At), 10), '\t')
		b = append(telemetry.Micro(e.ObservedAt).AppendFormat(b, time.RFC3339Nano), '\t')
		b = append(appendText(b, e.Before), '\t')
		b = append(appendText(b, e.After), '\t')
		if len(e.Context) == 0 {
			b = append(b, `\N`...)
		} else {
			b = appendText(b, e.Context)
		}
		b = append(b, '\n')
	}
	return b
}

// appendJSON adds a document, {} for none.
func appendJSON(b, text []byte) []byte {
	if len(text) == 0 {
		return append(b, "{}"...)
	}
	return appendText(b, text)
}

// appendText adds a text, in which COPY gives a meaning to four bytes.
// https://www.postgresql.org/docs/current/sql-copy.html, "Text Format"
func appendText[T ~string | ~[]byte](b []byte, text T) []byte {
	plain := 0
	for i := 0; i < len(text); i++ {
		var escaped byte
		switch text[i] {
		case '\\':
			escaped = '\\'
		case '\n':
			escaped = 'n'
		case '\r':
			escaped = 'r'
		case '\t':
			escaped = 't'
		default:
			continue
		}
		b = append(append(b, text[plain:i]...), '\\', escaped)
		plain = i + 1
	}
	return append(b, text[plain:]...)
}
