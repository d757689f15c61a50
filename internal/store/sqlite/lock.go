package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/keywright/keywright/internal/store"
)

// lockPoll is how often a lock that is held is tried again: the system's blocking call cannot be cancelled.
const lockPoll = 10 * time.Millisecond

// lockFile locks the file at path, which it makes and leaves there: removing it would let a third process lock a
// new one while a second holds the old. ErrLocked after the timeout.
func lockFile(ctx context.Context, path string, timeout time.Duration) (unlock func() error, err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, fileMode)
	if err != nil {
		return nil, fmt.Errorf("make the lock file: %w", err)
	}
	if err := waitForLock(ctx, file, timeout); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file.Close, nil // closing gives the lock back
}

func waitForLock(ctx context.Context, file *os.File, timeout time.Duration) error {
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, store.ErrLocked)
	defer cancel()
	tick := time.NewTicker(lockPoll)
	defer tick.Stop()
	for {
		locked, err := tryLock(file)
		if err != nil {
			return fmt.Errorf("lock %s: %w", file.Name(), err)
		}
		if locked {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("lock %s: %w", file.Name(), context.Cause(ctx))
		case <-tick.C:
		}
	}
}
