package verify

import (
	"context"

	"github.com/keywright/keywright/internal/incident"
	"github.com/keywright/keywright/scanner"
)

// Verifier asks about one finding.
//
// It always answers: what went wrong is the verdict unknown with the reason, and Err. A cancelled ctx is unknown too.
// Concurrent: yes. Twice: may ask twice.
type Verifier interface {
	Verify(ctx context.Context, f scanner.Finding) incident.Verdict
}

// First asks verifiers in order and returns the first verdict that is not about a foreign key.
type First []Verifier

// Verify implements [Verifier]. With no verifier that knows the pattern the verdict is unknown.
func (all First) Verify(ctx context.Context, f scanner.Finding) incident.Verdict {
	verdict := incident.Verdict{State: incident.Unknown, Reason: reasonNotAsked}
	for _, v := range all {
		verdict = v.Verify(ctx, f)
		if verdict.Reason != reasonNotAsked {
			return verdict
		}
	}
	return verdict
}

// reasonNotAsked marks a finding that no verifier in force is for.
const reasonNotAsked = "no verifier in force knows this pattern"
