package store

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/keywright/keywright/scanner"
)

// MaxPlaceBytes is the longest stored form of a place. A path in a tree has no limit of its own.
const MaxPlaceBytes = 256 << 10

// place is the stored form of a scanner.Location. What comes out of a repository may be no UTF-8 and may hold
// NUL, so it is kept as bytes, which encoding/json writes in base64.
type place struct {
	Kind   scanner.Kind  `json:"kind,omitempty"`
	Path   []byte        `json:"path,omitempty"`
	Commit string        `json:"commit,omitempty"`
	Author []byte        `json:"author,omitempty"`
	Date   *time.Time    `json:"date,omitempty"`
	Ref    []byte        `json:"ref,omitempty"`
	Span   *scanner.Span `json:"span,omitempty"`
}

func encodePlace(l scanner.Location) (string, error) {
	p := place{
		Kind: l.Kind, Path: []byte(l.Path), Commit: l.Commit, Author: []byte(l.Author), Ref: []byte(l.Ref),
	}
	if date := micros(l.Date); !date.IsZero() {
		p.Date = &date
	}
	if l.Span != (scanner.Span{}) {
		p.Span = &l.Span
	}
	text, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("encode the place: %w", err)
	}
	if len(text) > MaxPlaceBytes {
		return "", fmt.Errorf("the place takes %d bytes, at most %d are kept", len(text), MaxPlaceBytes)
	}
	return string(text), nil
}

func decodePlace(text string) (scanner.Location, error) {
	var p place
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return scanner.Location{}, fmt.Errorf("decode the stored place: %w", err)
	}
	l := scanner.Location{
		Kind: p.Kind, Path: string(p.Path), Commit: p.Commit, Author: string(p.Author), Ref: string(p.Ref),
	}
	if p.Date != nil {
		l.Date = p.Date.UTC()
	}
	if p.Span != nil {
		l.Span = *p.Span
	}
	return l, nil
}
