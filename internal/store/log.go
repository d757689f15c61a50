package store

import (
	"context"
	"encoding/json"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/issuer/audit"
)

var _ audit.Log = (*Engine)(nil)

// leavesPage is how many events are read at once, so that a long reading holds no snapshot open.
const leavesPage = 1000

// appendEvent stores the bytes of an event and the tree hashes that it completes.
func appendEvent(ctx context.Context, tx Tx, event audit.Event) error {
	leaf, err := audit.Encode(event)
	if err != nil {
		return err
	}
	hashes, err := audit.NewHashes(event.Index, leaf, hashReader(ctx, tx))
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, EventPut, event.Index, leaf); err != nil {
		return fmt.Errorf("append event %d: %w", event.Index, err)
	}
	first := audit.HashIndex(event.Index)
	for i, hash := range hashes {
		if _, err := tx.Exec(ctx, HashPut, first+int64(i), hash[:]); err != nil {
			return fmt.Errorf("store hash %d: %w", first+int64(i), err)
		}
	}
	return nil
}

func hashReader(ctx context.Context, conn Conn) tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		stored, err := hashesAt(ctx, conn, indexes)
		hashes := make([]tlog.Hash, len(stored))
		for i := range stored {
			hashes[i] = stored[i]
		}
		return hashes, err
	})
}

// Size is the number of events that were ever appended: one that is gone from the table still counts.
func (e *Engine) Size(ctx context.Context) (int64, error) {
	var size int64
	if err := e.db.Reader().QueryRow(ctx, LogSize).Scan(&size); err != nil {
		return 0, fmt.Errorf("read the size of the audit log: %w", err)
	}
	return size, nil
}

// Leaves calls f with the exact bytes of each stored event from index from on, in order, until f fails.
func (e *Engine) Leaves(ctx context.Context, from int64, f func(index int64, leaf []byte) error) error {
	for {
		page, err := e.leavesFrom(ctx, from)
		if err != nil {
			return fmt.Errorf("read the audit log from event %d: %w", from, err)
		}
		for _, l := range page {
			if err := f(l.index, l.bytes); err != nil {
				return err
			}
			from = l.index + 1
		}
		if len(page) < leavesPage {
			return nil
		}
	}
}

type leaf struct {
	index int64
	bytes []byte
}

func (e *Engine) leavesFrom(ctx context.Context, from int64) ([]leaf, error) {
	var page []leaf
	rows, err := e.db.Reader().Query(ctx, EventsFrom, from, leavesPage)
	err = each(rows, err, func(row Row) error {
		var l leaf
		if err := row.Scan(&l.index, &l.bytes); err != nil {
			return err
		}
		page = append(page, l)
		return nil
	})
	return page, err
}

// Hashes returns the stored tree hashes at tlog's storage indexes, in the order asked. A missing one is
// issuer.ErrNotFound.
func (e *Engine) Hashes(ctx context.Context, indexes []int64) ([][32]byte, error) {
	hashes := make([][32]byte, 0, len(indexes))
	for len(indexes) > 0 {
		n := min(len(indexes), leavesPage)
		some, err := hashesAt(ctx, e.db.Reader(), indexes[:n])
		if err != nil {
			return nil, err
		}
		hashes, indexes = append(hashes, some...), indexes[n:]
	}
	return hashes, nil
}

func hashesAt(ctx context.Context, conn Conn, indexes []int64) ([][32]byte, error) {
	if len(indexes) == 0 {
		return nil, nil
	}
	found, err := readHashes(ctx, conn, indexes)
	if err != nil {
		return nil, fmt.Errorf("read the tree hashes: %w", err)
	}
	hashes := make([][32]byte, len(indexes))
	for i, index := range indexes {
		hash, ok := found[index]
		if !ok {
			return nil, fmt.Errorf("tree hash %d: %w", index, issuer.ErrNotFound)
		}
		hashes[i] = hash
	}
	return hashes, nil
}

func readHashes(ctx context.Context, conn Conn, indexes []int64) (map[int64][32]byte, error) {
	// A JSON list is the one form of "these rows" that both databases take as a single argument.
	list, err := json.Marshal(indexes)
	if err != nil {
		return nil, err
	}
	found := make(map[int64][32]byte, len(indexes))
	rows, err := conn.Query(ctx, HashesAt, string(list))
	err = each(rows, err, func(row Row) error {
		var index int64
		var hash []byte
		if err := row.Scan(&index, &hash); err != nil {
			return err
		}
		if len(hash) != 32 {
			return fmt.Errorf("hash %d has %d bytes", index, len(hash))
		}
		found[index] = [32]byte(hash)
		return nil
	})
	return found, err
}

// Checkpoints returns the signed checkpoints, smallest tree first.
func (e *Engine) Checkpoints(ctx context.Context) ([]string, error) {
	var all []string
	rows, err := e.db.Reader().Query(ctx, CheckpointAll)
	err = each(rows, err, func(row Row) error {
		var signed string
		if err := row.Scan(&signed); err != nil {
			return err
		}
		all = append(all, signed)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the checkpoints: %w", err)
	}
	return all, nil
}

// AddCheckpoint keeps a signed checkpoint. The same size twice: the first stays.
func (e *Engine) AddCheckpoint(ctx context.Context, size int64, signed string) error {
	if err := checkTexts(field{"checkpoint", signed}); err != nil {
		return err
	}
	err := e.db.Write(ctx, func(tx Tx) error {
		_, err := tx.Exec(ctx, CheckpointPut, size, signed)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep the checkpoint of %d events: %w", size, err)
	}
	return nil
}
