package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/keywright/keywright/internal/jobs"
	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/issuer/audit"
)

// CreateKey stores a key and creates its owner when new. ErrConflict: the id is taken. ErrNotFound: no such
// family. ErrScope: a scope outside the family's.
func (e *Engine) CreateKey(ctx context.Context, key issuer.Key, act issuer.Act, next ...jobs.Args) error {
	err := e.db.Write(ctx, func(tx Tx) error { return e.createKey(ctx, tx, key, act, next) })
	if err != nil {
		return fmt.Errorf("create key %s: %w", named(key.ID), err)
	}
	return nil
}

func (e *Engine) createKey(ctx context.Context, tx Tx, key issuer.Key, act issuer.Act, next []jobs.Args) error {
	scopes, err := e.checkNewKey(ctx, tx, key)
	if err != nil {
		return err
	}
	created := micros(key.CreatedAt)
	if created.IsZero() {
		created = e.at(act)
	}
	if _, err := tx.Exec(ctx, OwnerPut, key.Owner, e.db.Time(created)); err != nil {
		return fmt.Errorf("create owner: %w", err)
	}
	_, err = e.apply(ctx, tx, change{
		kind: audit.KeyIssued, act: act, subject: string(key.ID), next: next, touches: keyScope(key.ID),
		detail: map[string]string{
			"family": string(key.Family), "owner": key.Owner, "scopes": scopes, "expires": rfc3339(key.ExpiresAt),
		},
		write: func(seq issuer.Seq) error {
			n, err := tx.Exec(ctx, KeyPut, key.ID, key.Family, key.Owner, key.Label, scopes, key.Digest.Sum[:],
				key.Digest.PepperVersion, key.Status, e.db.Time(created), e.db.Time(micros(key.ExpiresAt)), int64(seq))
			if err == nil && n == 0 {
				return issuer.ErrConflict
			}
			return err
		},
	})
	return err
}

// checkNewKey returns the stored form of the key's scopes.
func (e *Engine) checkNewKey(ctx context.Context, tx Tx, key issuer.Key) (string, error) {
	if key.Status != issuer.StatusActive && key.Status != issuer.StatusDisabled {
		return "", fmt.Errorf("a new key is active or disabled, not %q", key.Status)
	}
	if !key.ID.Valid() {
		return "", fmt.Errorf("%w: not a key id", issuer.ErrInvalid)
	}
	err := checkTexts(field{"owner", key.Owner}, field{"label", key.Label})
	if err != nil {
		return "", err
	}
	family, err := readFamily(ctx, tx, key.Family)
	if err != nil {
		return "", fmt.Errorf("family %s: %w", key.Family, err)
	}
	for _, scope := range key.Scopes {
		if !issuer.Covers(family.Scopes, scope) {
			return "", fmt.Errorf("scope %s: %w", scope, issuer.ErrScope)
		}
	}
	return joinScopes(key.Scopes)
}

func rfc3339(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return micros(t).Format(time.RFC3339Nano)
}

// named is id for an error: somebody may have given a whole key in its place.
func named(id issuer.KeyID) string {
	if !id.Valid() {
		return "(not a key id)"
	}
	return string(id)
}

// Key returns one key. ErrNotFound when there is none; ids are compared byte by byte.
func (e *Engine) Key(ctx context.Context, id issuer.KeyID) (issuer.Key, error) {
	key, err := readKey(ctx, e.db.Reader(), KeyGet, id)
	if err != nil {
		return issuer.Key{}, fmt.Errorf("read key %s: %w", named(id), err)
	}
	return key, nil
}

func readKey(ctx context.Context, conn Conn, q Query, id issuer.KeyID) (issuer.Key, error) {
	if !id.Valid() {
		return issuer.Key{}, issuer.ErrNotFound // no key can have it
	}
	key, err := scanKey(conn.QueryRow(ctx, q, id))
	if absent(err) {
		return issuer.Key{}, issuer.ErrNotFound
	}
	return key, err
}

func scanKey(row Row) (issuer.Key, error) {
	var r keyRow
	if err := row.Scan(r.columns()...); err != nil {
		return issuer.Key{}, err
	}
	return r.read()
}

// keyRow is a key in the form of the store.
type keyRow struct {
	key                             issuer.Key
	scopes                          string
	sum                             []byte
	created, expires, revoked, used stamp
}

// columns are where the columns of KeyGet go.
func (r *keyRow) columns() []any {
	return []any{
		&r.key.ID, &r.key.Family, &r.key.Owner, &r.key.Label, &r.scopes, &r.sum, &r.key.Digest.PepperVersion,
		&r.key.Status, &r.created, &r.expires, &r.revoked, &r.key.RevokedReason, &r.key.RevokedSeq, &r.used,
	}
}

func (r *keyRow) read() (issuer.Key, error) {
	key := r.key
	if len(r.sum) != len(key.Digest.Sum) {
		return issuer.Key{}, fmt.Errorf("the digest of key %s has %d bytes", key.ID, len(r.sum))
	}
	key.Digest.Sum = [32]byte(r.sum)
	key.Scopes = splitScopes(r.scopes)
	key.CreatedAt, key.ExpiresAt, key.RevokedAt, key.LastUsedAt =
		r.created.time(), r.expires.time(), r.revoked.time(), r.used.time()
	return key, nil
}

// Keys returns a page of keys, newest first.
func (e *Engine) Keys(ctx context.Context, query issuer.KeyQuery) (issuer.KeyPage, error) {
	page, err := e.keys(ctx, query)
	if err != nil {
		return issuer.KeyPage{}, fmt.Errorf("list keys: %w", err)
	}
	return page, nil
}

func (e *Engine) keys(ctx context.Context, query issuer.KeyQuery) (issuer.KeyPage, error) {
	limit, err := pageLimit(query.Limit)
	if err != nil {
		return issuer.KeyPage{}, err
	}
	after, err := parseCursor(query.After)
	if err != nil {
		return issuer.KeyPage{}, err
	}
	if err := checkTexts(field{"family", string(query.Family)}, field{"owner", query.Owner}); err != nil {
		return issuer.KeyPage{}, err
	}
	var page issuer.KeyPage
	// One row more than asked tells whether there is a next page.
	rows, err := e.db.Reader().Query(ctx, KeyPage, query.Family, query.Owner, query.Status,
		e.db.Time(after.at), after.id, limit+1)
	err = each(rows, err, func(row Row) error {
		key, err := scanKey(row)
		page.Keys = append(page.Keys, key)
		return err
	})
	if err != nil {
		return issuer.KeyPage{}, err
	}
	if len(page.Keys) > limit {
		page.Keys = page.Keys[:limit]
		last := page.Keys[limit-1]
		page.Next = cursor{last.CreatedAt, string(last.ID)}.String()
	}
	return page, nil
}

// Revoke is final and idempotent: a repeated or concurrent call gets the first one's Seq and At with Already
// set, and no next job. ErrNotFound: no such key.
func (e *Engine) Revoke(ctx context.Context, r issuer.Revocation, next ...jobs.Args) (issuer.Revoked, error) {
	var revoked issuer.Revoked
	err := e.db.Write(ctx, func(tx Tx) error {
		var err error
		revoked, err = e.revoke(ctx, tx, r, next)
		return err
	})
	if err != nil {
		return issuer.Revoked{}, fmt.Errorf("revoke key %s: %w", named(r.Key), err)
	}
	return revoked, nil
}

func (e *Engine) revoke(ctx context.Context, tx Tx, r issuer.Revocation, next []jobs.Args) (issuer.Revoked, error) {
	if err := checkTexts(field{"detail", r.Detail}); err != nil {
		return issuer.Revoked{}, err
	}
	// The row is locked from here to the commit: of two revokers at once the second reads "revoked".
	key, err := readKey(ctx, tx, KeyForChange, r.Key)
	if err != nil {
		return issuer.Revoked{}, err
	}
	if key.Status == issuer.StatusRevoked {
		return alreadyRevoked(ctx, tx, key)
	}
	at := e.at(r.Act)
	token, err := e.apply(ctx, tx, change{
		kind: audit.KeyRevoked, act: r.Act, subject: string(key.ID), next: next, touches: keyScope(key.ID),
		detail: map[string]string{"family": string(key.Family), "owner": key.Owner, "detail": r.Detail},
		write: func(seq issuer.Seq) error {
			_, err := tx.Exec(ctx, KeyRevoke, key.ID, e.db.Time(at), r.Act.Reason, int64(seq))
			return err
		},
	})
	return issuer.Revoked{Seq: token.Seq, At: at, Generation: token.Generation}, err
}

// alreadyRevoked answers a repeated revocation. In a later generation the number is as good as in its own: who joined
// that generation started cold, with the revocation in what it read.
func alreadyRevoked(ctx context.Context, tx Tx, key issuer.Key) (issuer.Revoked, error) {
	revoked := issuer.Revoked{Seq: key.RevokedSeq, At: key.RevokedAt, Already: true}
	if _, err := tx.Exec(ctx, EpochTurn); err != nil {
		return issuer.Revoked{}, fmt.Errorf("look where the database stands: %w", err)
	}
	if err := tx.QueryRow(ctx, EpochGeneration).Scan(&revoked.Generation); err != nil {
		return issuer.Revoked{}, fmt.Errorf("read the generation: %w", err)
	}
	return revoked, nil
}

// SetStatus disables or enables. ErrRevoked: the key is revoked. Twice: no error, no second event.
func (e *Engine) SetStatus(ctx context.Context, id issuer.KeyID, status issuer.Status, act issuer.Act) error {
	err := e.db.Write(ctx, func(tx Tx) error { return e.setStatus(ctx, tx, id, status, act) })
	if err != nil {
		return fmt.Errorf("set key %s to %s: %w", named(id), status, err)
	}
	return nil
}

func (e *Engine) setStatus(ctx context.Context, tx Tx, id issuer.KeyID, status issuer.Status, act issuer.Act) error {
	kinds := map[issuer.Status]audit.Kind{
		issuer.StatusActive: audit.KeyEnabled, issuer.StatusDisabled: audit.KeyDisabled,
	}
	kind, ok := kinds[status]
	if !ok {
		return fmt.Errorf("a status that can be set is active or disabled, not %q", status)
	}
	key, err := readKey(ctx, tx, KeyForChange, id)
	switch {
	case err != nil:
		return err
	case key.Status == issuer.StatusRevoked:
		return issuer.ErrRevoked
	case key.Status == status:
		return nil
	}
	_, err = e.apply(ctx, tx, change{
		kind: kind, act: act, subject: string(id), touches: keyScope(id),
		detail: map[string]string{"family": string(key.Family), "owner": key.Owner},
		write: func(seq issuer.Seq) error {
			_, err := tx.Exec(ctx, KeyStatus, id, status, int64(seq))
			return err
		},
	})
	return err
}

// Touch records last uses; an older time than the stored one is ignored, an unknown id too. No event.
func (e *Engine) Touch(ctx context.Context, uses []issuer.Use) error {
	// By id, so that two calls with the same keys lock them in the same order.
	uses = slices.SortedFunc(slices.Values(uses), func(a, b issuer.Use) int { return cmp.Compare(a.Key, b.Key) })
	uses = slices.DeleteFunc(uses, func(use issuer.Use) bool {
		return use.At.IsZero() || !use.Key.Valid()
	})
	if len(uses) == 0 {
		return nil
	}
	err := e.db.Write(ctx, func(tx Tx) error {
		for _, use := range uses {
			if _, err := tx.Exec(ctx, KeyTouch, use.Key, e.db.Time(micros(use.At))); err != nil {
				return fmt.Errorf("key %s: %w", named(use.Key), err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("record %d last uses: %w", len(uses), err)
	}
	return nil
}
