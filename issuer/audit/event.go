package audit

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// MaxLeafBytes caps the bytes of one event.
const MaxLeafBytes = 64 << 10

// ErrTooLarge says that an event's bytes are over [MaxLeafBytes].
var ErrTooLarge = errors.New("the event is too large")

// Encode gives the bytes of an event that a store keeps and the tree hashes: JSON with the fields in the order
// of [Event], the details sorted by name, the time in UTC and cut to microseconds. Equal events give equal
// bytes; text that is not UTF-8 is replaced, as JSON has to.
//
// Errors: ErrTooLarge; a negative index.
func Encode(event Event) ([]byte, error) {
	if event.Index < 0 {
		return nil, fmt.Errorf("encode event: index %d is negative", event.Index)
	}
	event.At = event.At.UTC().Truncate(time.Microsecond)
	leaf, err := json.Marshal(event)
	if err != nil { // a year after 9999
		return nil, fmt.Errorf("encode event %d: %w", event.Index, err)
	}
	if len(leaf) > MaxLeafBytes {
		return nil, fmt.Errorf("encode event %d: %d of at most %d bytes: %w", event.Index, len(leaf), MaxLeafBytes, ErrTooLarge)
	}
	return leaf, nil
}

// Decode reads what [Encode] made. Fields of later versions are ignored: the bytes are the record, the Event
// is a view of them.
func Decode(leaf []byte) (Event, error) {
	if len(leaf) > MaxLeafBytes {
		return Event{}, fmt.Errorf("decode event: %w", ErrTooLarge)
	}
	var event Event
	if err := json.Unmarshal(leaf, &event); err != nil {
		return Event{}, fmt.Errorf("decode event: %w", err)
	}
	if event.Kind == "" {
		return Event{}, errors.New("decode event: it has no kind")
	}
	return event, nil
}
