package scanner

import (
	"errors"
	"testing"

	"github.com/keywright/keywright/patterns"
)

// blind is a prefilter that finds nothing.
type blind struct{}

func (blind) within([]byte, int, int, func(literal, start, end int) bool) {}

func TestAScannerThatFindsNothingIsFoundOut(t *testing.T) {
	t.Parallel()
	set, err := patterns.NewSet("test", &patterns.Pattern{ID: "a.b", Format: &patterns.Format{
		Prefix: "abc_", Parts: []patterns.Part{{Alphabet: "base62", Min: 20, Max: 20}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(set, Options{})
	if err != nil {
		t.Fatal(err)
	}
	s.program.prefilter = blind{}
	if _, err := s.Scan(t.Context(), Join(), nil); !errors.Is(err, ErrCanary) {
		t.Errorf("error %v, want ErrCanary before the sink is asked anything", err)
	}
}

func TestTheCanaryIsNeverReported(t *testing.T) {
	t.Parallel()
	set, err := patterns.NewSet("test", &patterns.Pattern{ID: "a.b", Format: &patterns.Format{
		Prefix: "abc_", Parts: []patterns.Part{{Alphabet: "base62", Min: 20, Max: 20}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(set, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if findings, skips := s.ScanBytes(t.Context(), Blob{Data: []byte(canarySecret())}); len(findings)+len(skips) > 0 {
		t.Errorf("%d findings, %d skips", len(findings), len(skips))
	}
}
