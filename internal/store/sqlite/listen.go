package sqlite

import (
	"context"
	"time"

	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/issuer/lease"
)

// listenEvery is how often the file is looked at for changes of other processes: a read of one cached page.
const listenEvery = 10 * time.Millisecond

var _ lease.Store = (*Store)(nil)

// Listen calls wake after each change, until ctx is done.
func (s *Store) Listen(ctx context.Context, wake func()) error {
	tick := time.NewTicker(listenEvery)
	defer tick.Stop()
	var seen issuer.Token
	for {
		latest, err := s.Latest(ctx)
		if err != nil {
			return err
		}
		if latest != seen {
			wake()
		}
		seen = latest
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
