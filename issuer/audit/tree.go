package audit

import (
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// NewHashes are the hashes to store when the event of that index is appended: at consecutive storage indexes
// from [HashIndex] of it on. read gives hashes stored for earlier events; at most log2(index) are asked for.
func NewHashes(index int64, leaf []byte, read tlog.HashReader) ([]tlog.Hash, error) {
	hashes, err := tlog.StoredHashes(index, leaf, read)
	if err != nil {
		return nil, fmt.Errorf("hash event %d: %w", index, err)
	}
	return hashes, nil
}

// HashIndex is the storage index of the first hash of an event, which is the hash of its leaf.
func HashIndex(index int64) int64 { return tlog.StoredHashIndex(0, index) }

// reader reads stored hashes of a log.
func reader(ctx context.Context, log Log) tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		stored, err := log.Hashes(ctx, indexes)
		if err != nil {
			return nil, fmt.Errorf("read %d tree hashes: %w", len(indexes), err)
		}
		if len(stored) != len(indexes) {
			return nil, fmt.Errorf("read tree hashes: got %d of %d", len(stored), len(indexes))
		}
		hashes := make([]tlog.Hash, len(stored))
		for i, h := range stored {
			hashes[i] = h
		}
		return hashes, nil
	})
}

// tree grows by leaves and keeps only the roots of its full subtrees, largest first: one per bit of size.
type tree struct {
	size  int64
	peaks []tlog.Hash
}

// add appends a leaf and returns the hashes that it completes, in storage order.
func (t *tree) add(leaf []byte) []tlog.Hash {
	hash := tlog.RecordHash(leaf)
	done := []tlog.Hash{hash}
	for n := t.size; n&1 == 1; n >>= 1 {
		last := len(t.peaks) - 1
		hash = tlog.NodeHash(t.peaks[last], hash)
		t.peaks = t.peaks[:last]
		done = append(done, hash)
	}
	t.peaks = append(t.peaks, hash)
	t.size++
	return done
}

// root is the RFC 6962 root.
func (t *tree) root() (tlog.Hash, error) {
	if t.size == 0 {
		return tlog.TreeHash(0, nil) // the hash of nothing; reads nothing
	}
	last := len(t.peaks) - 1
	hash := t.peaks[last]
	for i := last - 1; i >= 0; i-- {
		hash = tlog.NodeHash(t.peaks[i], hash)
	}
	return hash, nil
}
