package booking

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"
)

// answerTTL is how long a client may repeat a request and be given the same
// answer; answers stay up to one compaction longer.
const answerTTL = 24 * time.Hour

// keyLengthMax bounds what a key may cost us.
const keyLengthMax = 200

// change runs one change in one transaction. A request with an
// Idempotency-Key that was answered before is given that answer and changes
// nothing. Only successes are stored: after a refusal nothing has changed, so
// that trying again with the same key is a fair try.
//
// The call's now is read inside the transaction: a request that had to wait
// for its turn must not confirm a hold that has lapsed meanwhile and whose
// slot somebody else may have.
func (a *App) change(c *call, do func(Tx) (reply, error)) (reply, error) {
	return a.changeOnce(c, a.keyOf(c), do)
}

func (a *App) changeOnce(c *call, key IdempotencyKey, do func(Tx) (reply, error)) (reply, error) {
	if len(key.Key) > keyLengthMax {
		return reply{}, badRequest("an Idempotency-Key has at most %d bytes", keyLengthMax)
	}
	var out reply
	err := a.store.Update(c.Context(), func(tx Tx) error {
		c.now = present()
		var err error
		if out, err = replay(tx, key, c.body); err != nil || out.replayed {
			return err
		}
		if out, err = do(tx); err != nil {
			return err
		}
		return store(tx, key, c, out)
	})
	return out, err
}

// view runs a read in one transaction, with the call's now read inside of it.
func (a *App) view(c *call, read func(Tx) error) error {
	return a.viewAs(c.Context(), c, read)
}

func (a *App) viewAs(ctx context.Context, c *call, read func(Tx) error) error {
	return a.store.View(ctx, func(tx Tx) error {
		c.now = present()
		return read(tx)
	})
}

// keyOf identifies the request; a key without Key means that there is none.
func (a *App) keyOf(c *call) IdempotencyKey {
	if a.has(BugForgetsKeys) && (c.route.pattern == bookPattern || c.route.pattern == confirmPattern) {
		return IdempotencyKey{}
	}
	header := c.Header["Idempotency-Key"]
	if len(header) == 0 {
		return IdempotencyKey{}
	}
	return IdempotencyKey{User: c.account.id, Path: c.URL.Path, Key: header[0]}
}

func replay(tx Tx, key IdempotencyKey, body []byte) (reply, error) {
	if key.Key == "" {
		return reply{}, nil
	}
	before, err := tx.Answered(key)
	switch {
	case errors.Is(err, ErrNotFound):
		return reply{}, nil
	case err != nil:
		return reply{}, err
	case before.Fingerprint != sha256.Sum256(body):
		return reply{}, errOtherRequest
	}
	return reply{status: before.Status, body: before.Body, replayed: true}, nil
}

func store(tx Tx, key IdempotencyKey, c *call, out reply) error {
	if key.Key == "" {
		return nil
	}
	return tx.StoreAnswer(key, Answer{
		At:          c.now,
		Fingerprint: sha256.Sum256(c.body),
		Status:      out.status,
		Body:        out.body,
	})
}
