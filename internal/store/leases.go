package store

import (
	"context"
	"fmt"
	"time"

	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/issuer/lease"
)

// What is kept of the invalidations. Every pruneEvery changes, rows go that are more than keptChanges behind: a
// verifier that is further behind begins cold. maxPruned bounds one change's share of that work.
const (
	keptChanges = 16_384
	pruneEvery  = 512
	maxPruned   = 4096
)

func keyScope(id issuer.KeyID) []lease.Scope {
	return []lease.Scope{{Kind: lease.ScopeKey, ID: string(id)}}
}

// invalidate says in the change's own transaction what the change makes wrong in a cache. Each change leaves a row,
// so that a verifier can tell a change that concerns nobody from one whose rows were pruned.
func invalidate(ctx context.Context, tx Tx, c change, seq int64) error {
	touches := c.touches
	if len(touches) == 0 {
		touches = []lease.Scope{{Kind: lease.ScopeNone}}
	}
	for _, scope := range touches {
		if _, err := tx.Exec(ctx, InvalidationPut, string(scope.Kind), scope.ID, string(c.kind)); err != nil {
			return fmt.Errorf("invalidate %s: %w", scope.Kind, err)
		}
	}
	if seq%pruneEvery != 0 {
		return nil
	}
	if _, err := tx.Exec(ctx, InvalidationsPrune, keptChanges, maxPruned); err != nil {
		return fmt.Errorf("prune invalidations: %w", err)
	}
	return nil
}

// Join adds a verifier. See lease.Store, as for all below.
func (e *Engine) Join(ctx context.Context, incarnation lease.Incarnation, node string) (issuer.Token, error) {
	var at issuer.Token
	err := checkTexts(field{"node", node})
	if err == nil {
		err = e.db.Write(ctx, func(tx Tx) error {
			for _, q := range []Query{EpochTurn, VerifierSweep} {
				if _, err := tx.Exec(ctx, q); err != nil {
					return err
				}
			}
			return tx.QueryRow(ctx, VerifierJoin, string(incarnation), node).Scan(&at.Generation, &at.Seq)
		})
	}
	if err != nil {
		return issuer.Token{}, fmt.Errorf("join as verifier %s: %w", incarnation, err)
	}
	return at, nil
}

// Renew asks for a lease.
func (e *Engine) Renew(ctx context.Context, incarnation lease.Incarnation, applied issuer.Seq) (lease.Renewal, error) {
	renewal, err := e.renew(ctx, incarnation, applied)
	if err != nil {
		return lease.Renewal{}, fmt.Errorf("renew the lease of verifier %s: %w", incarnation, err)
	}
	return renewal, nil
}

func (e *Engine) renew(ctx context.Context, incarnation lease.Incarnation, applied issuer.Seq) (lease.Renewal, error) {
	var r lease.Renewal
	if e.db.FreshReads() {
		found, err := scanRenewal(e.db.Reader().QueryRow(ctx, VerifierCurrent, string(incarnation)))
		if err == nil && found.At.Seq == applied {
			return found, nil
		}
		if err != nil && !absent(err) {
			return r, err
		}
	}
	err := e.db.Write(ctx, func(tx Tx) error {
		var err error
		r, err = scanRenewal(tx.QueryRow(ctx, VerifierRenew, string(incarnation)))
		if absent(err) {
			return lease.ErrOut
		}
		if err != nil || r.At.Seq == applied {
			return err
		}
		r.Invalidations, err = invalidationsAfter(ctx, tx, applied, r.At)
		return err
	})
	return r, err
}

func scanRenewal(row Row) (lease.Renewal, error) {
	var r lease.Renewal
	var term, wait int64
	err := row.Scan(&r.At.Generation, &r.At.Seq, &term, &wait, &r.Settled)
	r.Term, r.Wait = time.Duration(term)*time.Millisecond, time.Duration(wait)*time.Millisecond
	return r, err
}

// invalidationsAfter may run on a later snapshot than the renewal: rows up to its number are all committed, and never
// change but by pruning, which shows as a number without rows.
func invalidationsAfter(ctx context.Context, conn Conn, applied issuer.Seq, at issuer.Token) ([]lease.Invalidation, error) {
	var all []lease.Invalidation
	rows, err := conn.Query(ctx, InvalidationsAfter, at.Generation, int64(applied), int64(at.Seq), lease.MaxInvalidations)
	err = each(rows, err, func(row Row) error {
		var one lease.Invalidation
		err := row.Scan(&one.Seq, &one.Scope.Kind, &one.Scope.ID)
		all = append(all, one)
		return err
	})
	return all, err
}

// Ack says that a verifier applied everything up to a change.
func (e *Engine) Ack(ctx context.Context, incarnation lease.Incarnation, at issuer.Token) error {
	err := e.db.Write(ctx, func(tx Tx) error {
		n, err := tx.Exec(ctx, VerifierAck, string(incarnation), at.Generation, int64(at.Seq))
		if err == nil && n == 0 {
			return lease.ErrOut
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("acknowledge change %d as verifier %s: %w", at.Seq, incarnation, err)
	}
	return nil
}

// Leave removes a verifier that has no lease any more.
func (e *Engine) Leave(ctx context.Context, incarnation lease.Incarnation) error {
	err := e.db.Write(ctx, func(tx Tx) error {
		_, err := tx.Exec(ctx, VerifierLeave, string(incarnation))
		return err
	})
	if err != nil {
		return fmt.Errorf("leave as verifier %s: %w", incarnation, err)
	}
	return nil
}

// Behind tells who has not acknowledged a change.
func (e *Engine) Behind(ctx context.Context, change issuer.Seq) (lease.Standing, error) {
	var s lease.Standing
	rows, err := e.db.Reader().Query(ctx, VerifiersBehind, int64(change))
	err = each(rows, err, func(row Row) error {
		var wait int64
		var behind bool
		var node string
		err := row.Scan(&s.At.Generation, &s.At.Seq, &s.Settled, &wait, &s.InPlace, &behind, &node)
		s.Wait = time.Duration(wait) * time.Millisecond
		if behind {
			s.Behind = append(s.Behind, node)
		}
		return err
	})
	if err != nil {
		return lease.Standing{}, fmt.Errorf("read who is behind change %d: %w", change, err)
	}
	return s, nil
}

// Fence shuts out who did not renew since a change.
func (e *Engine) Fence(ctx context.Context, change issuer.Token) ([]string, error) {
	var fenced []string
	err := e.db.Write(ctx, func(tx Tx) error {
		rows, err := tx.Query(ctx, VerifiersFence, change.Generation, int64(change.Seq))
		err = each(rows, err, func(row Row) error {
			var node string
			err := row.Scan(&node)
			fenced = append(fenced, node)
			return err
		})
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, EpochSettle, change.Generation)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("fence who is behind change %d: %w", change.Seq, err)
	}
	return fenced, nil
}

// Settle says that no lease of an older generation is alive.
func (e *Engine) Settle(ctx context.Context, generation int64) error {
	err := e.db.Write(ctx, func(tx Tx) error {
		_, err := tx.Exec(ctx, EpochSettle, generation)
		return err
	})
	if err != nil {
		return fmt.Errorf("settle generation %d: %w", generation, err)
	}
	return nil
}

// SetTerm sets the length of new leases.
func (e *Engine) SetTerm(ctx context.Context, term time.Duration) (turn int64, wait time.Duration, err error) {
	err = e.db.Write(ctx, func(tx Tx) error {
		var milliseconds int64
		err := tx.QueryRow(ctx, LeaseTerm, term.Milliseconds()).Scan(&turn, &milliseconds)
		wait = time.Duration(milliseconds) * time.Millisecond
		return err
	})
	if err != nil {
		return 0, 0, fmt.Errorf("set the length of leases to %s: %w", term, err)
	}
	return turn, wait, nil
}

// ShortenWait lets revokers wait for the length that was set at turn, unless it was set again.
func (e *Engine) ShortenWait(ctx context.Context, turn int64) error {
	err := e.db.Write(ctx, func(tx Tx) error {
		_, err := tx.Exec(ctx, LeaseWait, turn)
		return err
	})
	if err != nil {
		return fmt.Errorf("shorten the wait for leases: %w", err)
	}
	return nil
}

// KeyAt reads one key with its place in the order of changes.
func (e *Engine) KeyAt(ctx context.Context, id issuer.KeyID) (issuer.Snapshot, error) {
	s, err := e.keyAt(ctx, id)
	if err != nil {
		return issuer.Snapshot{}, fmt.Errorf("read key %s: %w", named(id), err)
	}
	return s, nil
}

func (e *Engine) keyAt(ctx context.Context, id issuer.KeyID) (issuer.Snapshot, error) {
	var s issuer.Snapshot
	var now stamp
	var r keyRow
	columns := append([]any{&s.At.Generation, &s.At.Seq, &now}, r.columns()...)
	err := e.db.Reader().QueryRow(ctx, KeyAt, string(id)).Scan(columns...)
	if absent(err) {
		return s, lease.ErrStandby
	}
	if err != nil {
		return s, err
	}
	s.Now = now.time()
	if s.Now.IsZero() {
		s.Now = e.now()
	}
	if r.key.ID == "" {
		return s, nil
	}
	key, err := r.read()
	s.Key = &key
	return s, err
}

// Latest is the last change of all.
func (e *Engine) Latest(ctx context.Context) (issuer.Token, error) {
	s, err := e.Behind(ctx, 0)
	if err != nil {
		return issuer.Token{}, err
	}
	return s.At, nil
}

// Nudge tells listening verifiers that there was a change.
func (e *Engine) Nudge(ctx context.Context) error {
	_, err := e.db.Reader().Exec(ctx, Nudge)
	return err
}
