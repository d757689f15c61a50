package audit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// hashesPerRead is how many stored hashes are compared at once.
const hashesPerRead = 512

// Options are what a verification trusts. The zero value trusts nothing: the log is compared with itself.
type Options struct {
	PublicKey  string // of PublicKey; empty: signatures are not checked
	Checkpoint string // a signed checkpoint that was kept outside of the store; empty: none
}

// Report is the result of a verification that found nothing.
type Report struct {
	Events      int64
	Checkpoints int    // stored, each compared with the events
	Root        string // base64, of all events

	// SelfConsistentOnly: nothing outside of the store was compared, so whoever can write the store can have
	// rewritten it whole. It is false with a public key and a checkpoint signed by it, stored or external, or
	// with an external checkpoint.
	SelfConsistentOnly bool
	// ExternalCheckpoint: the one of Options was compared.
	ExternalCheckpoint bool
	// AfterLastCheckpoint events may have been cut off or changed unseen.
	AfterLastCheckpoint int64
}

// Verify reads the whole log and compares: the place of each event with the index in it, its bytes with the
// stored hash, the stored hashes with the tree of the events, and the roots with all checkpoints.
//
// Memory: constant, but for the checkpoints. Events that are appended meanwhile are not looked at.
// Errors: *TamperError with the first bad index; else what the log returned, or that the options are bad.
func Verify(ctx context.Context, log Log, options Options) (Report, error) {
	// Checkpoints before the size: one that is added in between would seem to sign events that are not there.
	points, stored, err := readPoints(ctx, log, options)
	if err != nil {
		return Report{}, err
	}
	size, err := log.Size(ctx)
	if err != nil {
		return Report{}, fmt.Errorf("verify audit log: read its size: %w", err)
	}
	w := &walk{ctx: ctx, log: log, points: points}
	if err := w.run(size); err != nil {
		return Report{}, err
	}
	root, err := w.tree.root()
	if err != nil {
		return Report{}, fmt.Errorf("verify audit log: %w", err)
	}
	report := Report{
		Events: size, Checkpoints: stored, Root: root.String(), AfterLastCheckpoint: size,
		SelfConsistentOnly: options.Checkpoint == "" && (options.PublicKey == "" || stored == 0),
		ExternalCheckpoint: options.Checkpoint != "",
	}
	if len(points) > 0 {
		report.AfterLastCheckpoint = size - points[len(points)-1].Size
	}
	return report, nil
}

// readPoints reads the checkpoints to compare with, by size.
func readPoints(ctx context.Context, log Log, options Options) (points []Checkpoint, stored int, err error) {
	if options.PublicKey != "" {
		if _, err := parsePublicKey(options.PublicKey); err != nil {
			return nil, 0, fmt.Errorf("verify audit log: %w", err)
		}
	}
	signed, err := log.Checkpoints(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("verify audit log: read checkpoints: %w", err)
	}
	for i, text := range signed {
		point, err := ParseCheckpoint(text, options.PublicKey)
		if err != nil {
			return nil, 0, &TamperError{Fault: FaultCheckpoint, Detail: fmt.Sprintf("stored checkpoint %d of %d: %v", i+1, len(signed), err)}
		}
		if i > 0 && point.Size <= points[i-1].Size {
			return nil, 0, &TamperError{Fault: FaultCheckpoint, Detail: fmt.Sprintf("stored checkpoint %d of %d is not of a larger log than the one before", i+1, len(signed))}
		}
		points = append(points, point)
	}
	if options.Checkpoint != "" {
		point, err := ParseCheckpoint(options.Checkpoint, options.PublicKey)
		if err != nil {
			return nil, 0, &TamperError{Fault: FaultCheckpoint, Detail: "the external checkpoint: " + err.Error()}
		}
		points = append(points, point)
	}
	slices.SortStableFunc(points, func(a, b Checkpoint) int { return cmp.Compare(a.Size, b.Size) })
	return points, len(signed), nil
}

// walk is one pass over the events.
type walk struct {
	ctx    context.Context // of the one Verify call that the walk lives in
	log    Log
	points []Checkpoint // by size
	passed int          // points that were compared
	tree   tree

	rebuilt []tlog.Hash // not compared yet; consecutive in storage order
	owners  []int64     // the event of each
	first   int64       // storage index of the first
}

// errEnough ends the reading of leaves.
var errEnough = errors.New("enough")

func (w *walk) run(size int64) error {
	if err := w.comparePoints(); err != nil {
		return err
	}
	err := w.log.Leaves(w.ctx, 0, func(index int64, leaf []byte) error {
		if w.tree.size >= size { // appended meanwhile
			return errEnough
		}
		return w.event(index, leaf)
	})
	if err != nil && !errors.Is(err, errEnough) {
		return wrapUnlessTampered(err)
	}
	if err := w.compareHashes(); err != nil {
		return err
	}
	return w.end(size)
}

func wrapUnlessTampered(err error) error {
	var tampered *TamperError
	if errors.As(err, &tampered) {
		return tampered // a store may have wrapped it
	}
	return fmt.Errorf("verify audit log: %w", err)
}

// event checks one event and grows the tree by it.
func (w *walk) event(index int64, leaf []byte) error {
	want := w.tree.size
	event, err := Decode(leaf)
	if index != want || err != nil || event.Index != want {
		// What stands before is compared first: its faults come first.
		if err := w.compareHashes(); err != nil {
			return err
		}
		if index == want && (err != nil || !w.intact(leaf, want, event.Index)) {
			return &TamperError{Index: want, Fault: FaultEdited, Detail: "its bytes are not an event of that index"}
		}
		return w.misplaced(want)
	}
	for _, hash := range w.tree.add(leaf) {
		w.rebuilt, w.owners = append(w.rebuilt, hash), append(w.owners, want)
	}
	if len(w.rebuilt) >= hashesPerRead {
		if err := w.compareHashes(); err != nil {
			return err
		}
	}
	return w.comparePoints()
}

// intact says whether the bytes have the stored hash of one of these events: then they were moved, not edited.
func (w *walk) intact(leaf []byte, events ...int64) bool {
	hash := tlog.RecordHash(leaf)
	for _, event := range events {
		if event < 0 {
			continue
		}
		stored, err := w.log.Hashes(w.ctx, []int64{HashIndex(event)})
		if err == nil && len(stored) == 1 && stored[0] == hash {
			return true
		}
	}
	return false
}

// misplaced says whether the event that should stand at an index stands anywhere later.
func (w *walk) misplaced(want int64) error {
	found := false
	err := w.log.Leaves(w.ctx, 0, func(_ int64, leaf []byte) error {
		if event, err := Decode(leaf); err == nil && event.Index == want {
			found = true
			return errEnough
		}
		return nil
	})
	switch {
	case found:
		return &TamperError{Index: want, Fault: FaultReordered, Detail: "it stands at another place"}
	case err != nil && !errors.Is(err, errEnough):
		return fmt.Errorf("verify audit log: look for event %d: %w", want, err)
	default:
		return &TamperError{Index: want, Fault: FaultMissing, Detail: "it is not there"}
	}
}

// compareHashes compares the rebuilt hashes with the stored ones.
func (w *walk) compareHashes() error {
	if len(w.rebuilt) == 0 {
		return nil
	}
	indexes := make([]int64, len(w.rebuilt))
	for i := range indexes {
		indexes[i] = w.first + int64(i)
	}
	stored, err := w.log.Hashes(w.ctx, indexes)
	if err != nil {
		return fmt.Errorf("verify audit log: read hashes of events %d to %d: %w", w.owners[0], w.tree.size-1, err)
	}
	for i, hash := range w.rebuilt {
		owner := w.owners[i]
		switch {
		case i >= len(stored):
			return &TamperError{Index: owner, Fault: FaultHash, Detail: "a stored hash is missing"}
		case stored[i] == hash:
		case i == 0 || w.owners[i-1] != owner: // the first of an event is its leaf's
			return &TamperError{Index: owner, Fault: FaultEdited, Detail: "its bytes do not have the stored hash"}
		default:
			return &TamperError{Index: owner, Fault: FaultHash, Detail: "a stored hash over it and events before it is wrong"}
		}
	}
	w.first += int64(len(w.rebuilt))
	w.rebuilt, w.owners = w.rebuilt[:0], w.owners[:0]
	return nil
}

// comparePoints compares the root with the checkpoints of this size.
func (w *walk) comparePoints() error {
	for w.passed < len(w.points) && w.points[w.passed].Size == w.tree.size {
		if err := w.compareHashes(); err != nil { // an edited event has the more telling fault
			return err
		}
		root, err := w.tree.root()
		if err != nil {
			return fmt.Errorf("verify audit log: %w", err)
		}
		if root != w.points[w.passed].Root {
			return &TamperError{Index: w.held(), Fault: FaultRewritten, Detail: fmt.Sprintf("the first %d events are not those that a checkpoint signed", w.tree.size)}
		}
		w.passed++
	}
	return nil
}

// held is the size of the last checkpoint that holds.
func (w *walk) held() int64 {
	if w.passed == 0 {
		return 0
	}
	return w.points[w.passed-1].Size
}

// end checks that nothing is missing after the last event.
func (w *walk) end(size int64) error {
	if w.tree.size < size {
		return &TamperError{Index: w.tree.size, Fault: FaultTruncated, Detail: fmt.Sprintf("the log says that it has %d events", size)}
	}
	if w.passed < len(w.points) {
		return truncated(size, w.points[len(w.points)-1].Size)
	}
	return w.leftOver(size)
}

// leftOver looks for the hash of an event after the last one: it stays behind when the tail is deleted by
// somebody who forgets the hashes. A store has no such hash, which is no error here.
func (w *walk) leftOver(size int64) error {
	stored, err := w.log.Hashes(w.ctx, []int64{HashIndex(size)})
	if err != nil || len(stored) == 0 || stored[0] == [tlog.HashSize]byte{} {
		return w.ctx.Err()
	}
	now, err := w.log.Size(w.ctx)
	if err != nil {
		return fmt.Errorf("verify audit log: read its size: %w", err)
	}
	if now > size { // the event was appended since the pass began
		return nil
	}
	return &TamperError{Index: size, Fault: FaultTruncated, Detail: "there is a stored hash for it"}
}
