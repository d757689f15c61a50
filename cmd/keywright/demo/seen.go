package demo

import (
	"slices"
	"strings"
	"time"

	"github.com/keywright/keywright/internal/incident"
	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/patterns"
	"github.com/keywright/keywright/scanner"
)

// seen is the sink of the demo: it keeps the findings of the planted keys and counts the others.
type seen struct {
	planted [2]issuer.Key

	ours   []scanner.Finding
	others int
	skips  []scanner.Skip
	first  time.Time // when the first finding of ours came
}

func (s *seen) Started(scanner.Start) error { return nil }

func (s *seen) Finding(f scanner.Finding) error {
	if f.Pattern != patterns.OwnID || !slices.ContainsFunc(s.planted[:], func(k issuer.Key) bool { return string(k.ID) == f.KeyID }) {
		s.others++
		return nil
	}
	if s.first.IsZero() {
		s.first = time.Now()
	}
	s.ours = append(s.ours, f)
	return nil
}

func (s *seen) Skipped(skip scanner.Skip) error {
	s.skips = append(s.skips, skip)
	return nil
}

func (s *seen) Done(scanner.Summary) error { return nil }

func outcomes(inc incident.Incident) string {
	var texts []string
	for _, o := range inc.Outcomes {
		texts = append(texts, string(o.Action.Kind)+" "+string(o.State))
	}
	return strings.Join(texts, ", ")
}
