package store

import (
	"context"
	"fmt"

	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/issuer/audit"
)

var _ issuer.Store = (*Engine)(nil)

// CreateFamily stores a family. ErrConflict when the prefix is taken.
func (e *Engine) CreateFamily(ctx context.Context, family issuer.Family, act issuer.Act) error {
	err := e.db.Write(ctx, func(tx Tx) error { return e.createFamily(ctx, tx, family, act) })
	if err != nil {
		return fmt.Errorf("create family %s: %w", family.Prefix, err)
	}
	return nil
}

func (e *Engine) createFamily(ctx context.Context, tx Tx, family issuer.Family, act issuer.Act) error {
	scopes, err := joinScopes(family.Scopes)
	if err != nil {
		return err
	}
	if err := checkTexts(field{"prefix", string(family.Prefix)}); err != nil {
		return err
	}
	created := micros(family.CreatedAt)
	if created.IsZero() {
		created = e.at(act)
	}
	n, err := tx.Exec(ctx, FamilyPut, family.Prefix, scopes, e.db.Time(created))
	if err != nil {
		return err
	}
	if n == 0 {
		return issuer.ErrConflict
	}
	_, err = e.apply(ctx, tx, change{
		kind: audit.FamilyCreated, act: act, subject: string(family.Prefix),
		detail: map[string]string{"scopes": scopes},
		write:  func(issuer.Seq) error { return nil },
	})
	return err
}

// Family returns one family. ErrNotFound when there is none.
func (e *Engine) Family(ctx context.Context, prefix issuer.Prefix) (issuer.Family, error) {
	family, err := readFamily(ctx, e.db.Reader(), prefix)
	if err != nil {
		return issuer.Family{}, fmt.Errorf("read family %s: %w", prefix, err)
	}
	return family, nil
}

func readFamily(ctx context.Context, conn Conn, prefix issuer.Prefix) (issuer.Family, error) {
	if err := checkTexts(field{"prefix", string(prefix)}); err != nil {
		return issuer.Family{}, issuer.ErrNotFound // no family can have it
	}
	family, err := scanFamily(conn.QueryRow(ctx, FamilyGet, prefix))
	if absent(err) {
		return issuer.Family{}, issuer.ErrNotFound
	}
	return family, err
}

func scanFamily(row Row) (issuer.Family, error) {
	var family issuer.Family
	var scopes string
	var created stamp
	if err := row.Scan(&family.Prefix, &scopes, &created); err != nil {
		return issuer.Family{}, err
	}
	family.Scopes, family.CreatedAt = splitScopes(scopes), created.time()
	return family, nil
}

// Families returns all families by prefix.
func (e *Engine) Families(ctx context.Context) ([]issuer.Family, error) {
	var all []issuer.Family
	rows, err := e.db.Reader().Query(ctx, FamilyAll)
	err = each(rows, err, func(row Row) error {
		family, err := scanFamily(row)
		all = append(all, family)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the families: %w", err)
	}
	return all, nil
}
