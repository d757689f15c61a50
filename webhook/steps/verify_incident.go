package steps

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/keywright/keywright/internal/incident"
	"github.com/keywright/keywright/internal/jobs"
	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/scanner"
	"github.com/keywright/keywright/webhook/githubapp"
)

// VerifyIncident reads the blob of an incident again, finds the secret by its fingerprint, and asks its vendor.
//
// Only the verdict is kept, and "unknown" replaces no verdict that was known. A blob that GitHub no longer serves is the verdict unknown with that reason, never a
// dead one. Twice: asks twice, records the same.
func (s *Steps) VerifyIncident(ctx context.Context, args jobs.VerifyIncident) error {
	inc, err := s.incident(ctx, args.IncidentID)
	if err != nil {
		return err
	}
	verdict, err := s.ask(ctx, inc)
	if err != nil {
		return fmt.Errorf("verify incident %s: %w", inc.ID, err)
	}
	if !verdict.Replaces(inc.Verdict) {
		return nil
	}
	return s.Incidents.SetVerdict(ctx, inc.ID, verdict, issuer.Act{Actor: actor, At: s.Now(), Reason: "asked the vendor"})
}

func (s *Steps) ask(ctx context.Context, inc incident.Incident) (incident.Verdict, error) {
	unknown := func(reason string) incident.Verdict {
		return incident.Verdict{State: incident.Unknown, Reason: reason, CheckedAt: s.Now()}
	}
	if !s.vendors(inc) {
		return unknown("no vendor can be asked about " + string(inc.Pattern)), nil
	}
	owner, name, ok := strings.Cut(inc.Source, "/")
	if !ok || inc.Blob == "" {
		return unknown("the place of the finding cannot be read again"), nil
	}
	text, err := s.reread(ctx, owner, name, inc.Blob)
	if errors.Is(err, githubapp.ErrGone) || errors.Is(err, githubapp.ErrTooLarge) {
		return unknown("the place of the finding cannot be read again: " + err.Error()), nil
	}
	if err != nil {
		return incident.Verdict{}, err
	}
	blob := scanner.Blob{ID: inc.Blob, Kind: inc.Location.Kind, Data: text, Location: inc.Location}
	findings, _ := s.Scanner.ScanBytes(ctx, blob) // what is skipped here is not the finding that we look for
	for _, f := range findings {
		if f.Fingerprint == inc.Fingerprint {
			return s.Vendors().Verify(ctx, f), nil
		}
	}
	return unknown("the secret is not found in its blob any more"), nil
}

func (s *Steps) reread(ctx context.Context, owner, name string, id scanner.BlobID) ([]byte, error) {
	repo, err := s.GitHub.Find(ctx, owner, name)
	if err != nil {
		return nil, err
	}
	return s.GitHub.Object(ctx, repo, string(id))
}
