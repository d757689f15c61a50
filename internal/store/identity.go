package store

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/issuer/audit"
)

// Identity says which store this is, and how to recognise the secrets that belong to it.
type Identity struct {
	StoreID   string // random, made once
	PublicKey string // the note verifier key of the audit log
	// PepperChecks recognise a wrong pepper before it makes every key look wrong. By pepper version.
	PepperChecks map[int][32]byte
}

const (
	metaStoreID   = "store_id"
	metaPublicKey = "public_key"
)

// Identity returns what Initialise wrote. issuer.ErrNotFound: the store was never set up.
func (e *Engine) Identity(ctx context.Context) (Identity, error) {
	var identity Identity
	err := e.db.Snapshot(ctx, func(conn Conn) error {
		var err error
		identity, err = readIdentity(ctx, conn)
		return err
	})
	if err != nil {
		return Identity{}, fmt.Errorf("read the store's identity: %w", err)
	}
	return identity, nil
}

func readIdentity(ctx context.Context, conn Conn) (Identity, error) {
	identity := Identity{PepperChecks: map[int][32]byte{}}
	for name, text := range map[string]*string{metaStoreID: &identity.StoreID, metaPublicKey: &identity.PublicKey} {
		err := conn.QueryRow(ctx, MetaGet, name).Scan(text)
		if absent(err) {
			return Identity{}, fmt.Errorf("%s: %w", name, issuer.ErrNotFound)
		}
		if err != nil {
			return Identity{}, fmt.Errorf("%s: %w", name, err)
		}
	}
	rows, err := conn.Query(ctx, PepperChecks)
	err = each(rows, err, func(row Row) error {
		var version int
		var check []byte
		if err := row.Scan(&version, &check); err != nil {
			return err
		}
		if len(check) != 32 {
			return fmt.Errorf("pepper check %d has %d bytes", version, len(check))
		}
		identity.PepperChecks[version] = [32]byte(check)
		return nil
	})
	return identity, err
}

// Initialise gives the store its identity and writes the first event. Twice: false, and what is there stays.
func (e *Engine) Initialise(ctx context.Context, identity Identity, act issuer.Act) (created bool, err error) {
	err = e.db.Write(ctx, func(tx Tx) error {
		var err error
		created, err = e.initialise(ctx, tx, identity, act)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("set up the store: %w", err)
	}
	return created, nil
}

func (e *Engine) initialise(ctx context.Context, tx Tx, identity Identity, act issuer.Act) (bool, error) {
	err := checkTexts(field{"store id", identity.StoreID}, field{"public key", identity.PublicKey})
	if err != nil {
		return false, err
	}
	n, err := tx.Exec(ctx, MetaPut, metaStoreID, identity.StoreID)
	if err != nil || n == 0 {
		return false, err
	}
	if _, err := tx.Exec(ctx, MetaPut, metaPublicKey, identity.PublicKey); err != nil {
		return false, err
	}
	if err := putPepperChecks(ctx, tx, identity.PepperChecks); err != nil {
		return false, err
	}
	_, err = e.apply(ctx, tx, change{
		kind: audit.StoreCreated, act: act, subject: identity.StoreID,
		detail: map[string]string{"public_key": identity.PublicKey},
		write:  func(issuer.Seq) error { return nil },
	})
	return err == nil, err
}

// AddPepperChecks keeps the checks of new pepper versions. A version that is there stays as it is.
func (e *Engine) AddPepperChecks(ctx context.Context, checks map[int][32]byte) error {
	err := e.db.Write(ctx, func(tx Tx) error { return putPepperChecks(ctx, tx, checks) })
	if err != nil {
		return fmt.Errorf("keep %d pepper checks: %w", len(checks), err)
	}
	return nil
}

func putPepperChecks(ctx context.Context, tx Tx, checks map[int][32]byte) error {
	for _, version := range slices.Sorted(maps.Keys(checks)) {
		check := checks[version]
		if _, err := tx.Exec(ctx, PepperCheckPut, version, check[:]); err != nil {
			return fmt.Errorf("pepper check %d: %w", version, err)
		}
	}
	return nil
}
