package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/keywright/keywright/issuer/lease"
)

var _ lease.Store = (*Store)(nil)

// Listen calls wake after each nudge and once at the beginning, since one may have been missed before. It uses a
// connection of its own. It returns when ctx is done or the connection breaks; behind a pooler that shares
// connections it hears nothing, and verifiers renew at their own pace.
func (s *Store) Listen(ctx context.Context, wake func()) error {
	config := s.db.pool.Config().ConnConfig
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("listen for changes: %w", explain(err))
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing was written
	if _, err := conn.Exec(ctx, "LISTEN keywright_changes"); err != nil {
		return fmt.Errorf("listen for changes: %w", explain(err))
	}
	for {
		wake()
		if _, err := conn.WaitForNotification(ctx); err != nil {
			return fmt.Errorf("listen for changes: %w", explain(err))
		}
	}
}
