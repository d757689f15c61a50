package steps

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/keywright/keywright/internal/flow"
	"github.com/keywright/keywright/internal/incident"
	"github.com/keywright/keywright/internal/jobs"
	"github.com/keywright/keywright/internal/respond"
	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/scanner"
	"github.com/keywright/keywright/scanner/gitsource"
	"github.com/keywright/keywright/webhook"
	"github.com/keywright/keywright/webhook/githubapp"
)

// recordTime is what is left for the record when the job's time is over.
const recordTime = 3 * time.Second

// openTime is the longest that a scan waits for its check run to be opened.
const openTime = 5 * time.Second

// maxSkipNotes is how many skips a scan's notes name.
const maxSkipNotes = 10

// ScanPush fetches what a push brought, scans it, asks the store about our own keys, and plans.
//
// It records incidents as they are found, then the scan with the next jobs in one transaction: revoke_key and
// notify_owner for live keys of ours, verify_incident for vendors' keys, conclude_check. What went wrong on the
// way does not keep a planned revocation back; it is returned after the record, so that the job is tried again.
func (s *Steps) ScanPush(ctx context.Context, args jobs.ScanPush) error {
	delivery, err := s.Deliveries.Delivery(ctx, webhook.DeliveryID(args.DeliveryID))
	if errors.Is(err, issuer.ErrNotFound) {
		return &Permanent{err}
	}
	if err != nil {
		return err
	}
	push, repo, err := pushOf(delivery)
	if err != nil {
		return err
	}
	scan := webhook.Scan{Delivery: delivery.ID, Repository: repo.FullName(), Complete: true}
	if push.Deleted() {
		scan.Notes, scan.FinishedAt = []string{push.Ref + " was deleted: nothing to scan"}, s.Now()
		return s.Deliveries.RecordScan(ctx, scan)
	}
	scan.Head = push.After
	// Beside the scan, which is what a leaked key waits for; ended before the record, after which the check is concluded.
	var opening sync.WaitGroup
	about := scan
	opening.Go(func() { s.openCheck(ctx, repo, about) })
	result, err := s.scan(ctx, repo, push, &scan)
	opening.Wait()
	late := errors.Is(ctx.Err(), context.DeadlineExceeded)
	if err != nil && !late && len(recorded(result.Incidents)) == 0 {
		// Nothing to act on and nothing to say that the next try will not say better.
		return fmt.Errorf("scan push %s to %s: %w", scan.Delivery, scan.Repository, err)
	}
	if late {
		scan.Notes = append(scan.Notes, "the scan took longer than one job may; it is tried again")
	}
	return s.record(ctx, scan, result, err)
}

// openCheck shows that the scan has begun. It is a courtesy: without permission for checks keys are still revoked.
func (s *Steps) openCheck(ctx context.Context, repo githubapp.Repository, scan webhook.Scan) {
	check := githubapp.Check{
		Head: scan.Head, ExternalID: string(scan.Delivery), Title: "Looking for leaked keys",
		Summary: "What this push brought is being scanned.",
	}
	ctx, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	if _, err := s.GitHub.PutCheck(ctx, repo, check); err != nil {
		s.log().LogAttrs(ctx, slog.LevelWarn, "no check run was opened", slog.String("repository", repo.FullName()), slog.Any("error", err))
	}
}

// scan fetches and scans. An error that no later try can mend is a note of the scan, which is then not complete.
func (s *Steps) scan(ctx context.Context, repo githubapp.Repository, push webhook.Push, scan *webhook.Scan) (flow.Result, error) {
	fetched, cleanup, err := s.GitHub.Fetch(ctx, repo, githubapp.Range{Ref: push.Ref, Before: push.Before, After: push.After})
	defer cleanup()
	if err != nil {
		scan.Complete = false
		scan.Notes = append(scan.Notes, "the push could not be fetched: "+err.Error())
		if errors.Is(err, githubapp.ErrGone) || errors.Is(err, githubapp.ErrTooLarge) {
			err = nil
		}
		return flow.Result{}, err
	}
	scan.Notes = append(scan.Notes, fetched.Notes...)
	return s.scanFetched(ctx, fetched, scan)
}

func (s *Steps) scanFetched(ctx context.Context, fetched githubapp.Fetched, scan *webhook.Scan) (flow.Result, error) {
	scan.Complete = false
	opened, err := gitsource.Open(fetched.Dir, gitsource.Options{TempDir: s.TempDir})
	if err != nil {
		return flow.Result{}, err
	}
	defer func() { _ = opened.Close() }() // a temporary folder that stays does not undo the scan
	source, err := sourceOf(ctx, opened, fetched.Range)
	if err != nil {
		return flow.Result{}, err
	}
	seen := &skips{}
	// Policy stays zero: flow records and asks, the effects are jobs of their own.
	result, err := flow.Run(ctx, s.Scanner, source, seen, flow.Options{
		Source: scan.Repository, Verifier: s.Issued, Incidents: s.Incidents, Actor: actor, Now: s.Now, Rand: s.Rand,
	})
	scan.Complete = result.Summary.Complete && err == nil
	scan.Notes = append(scan.Notes, seen.notes()...)
	return result, err
}

// sourceOf is the range, or everything that the ref reaches, tags and names included.
func sourceOf(ctx context.Context, r *gitsource.Repository, moved githubapp.Range) (scanner.Source, error) {
	if moved.Before == "" {
		return r.Refs(ctx, moved.Ref)
	}
	return r.Range(ctx, moved.Before+".."+moved.After)
}

// record keeps the scan and its next jobs, also when the job's time is over, and returns what went wrong.
func (s *Steps) record(ctx context.Context, scan webhook.Scan, result flow.Result, failure error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTime)
	defer cancel()
	summary := result.Summary
	scan.Commits, scan.Blobs, scan.Bytes = summary.Commits, summary.Blobs, summary.Bytes
	scan.Findings, scan.Skips = summary.Findings, summary.Skips
	for _, inc := range result.Incidents {
		if inc.ID != "" { // one that could not be recorded is part of the failure
			scan.Incidents = append(scan.Incidents, string(inc.ID))
		}
	}
	scan.FinishedAt = s.Now()
	next, err := s.next(ctx, result.Incidents)
	next = append(next, jobs.ConcludeCheck{DeliveryID: string(scan.Delivery)})
	failure = errors.Join(failure, err, s.Deliveries.RecordScan(ctx, scan, next...))
	if failure != nil {
		return fmt.Errorf("scan push %s to %s: %w", scan.Delivery, scan.Repository, failure)
	}
	return nil
}

// next are the jobs that incidents cause. Actions that wait for a person are recorded here, since no job does them.
func (s *Steps) next(ctx context.Context, incidents []incident.Incident) ([]jobs.Args, error) {
	var next []jobs.Args
	var waiting []incident.Action
	for _, action := range respond.Plan(notWaiting(recorded(incidents)), s.Policy) {
		if action.Kind == incident.ActionRevoke {
			next = append(next, jobs.RevokeKey{IncidentID: string(action.Incident), KeyID: action.Target})
		} else {
			waiting = append(waiting, action)
		}
	}
	for _, inc := range recorded(incidents) {
		if inc.Verdict.State == incident.Live && s.Notifier != nil {
			next = append(next, jobs.NotifyOwner{IncidentID: string(inc.ID)})
		}
		if s.vendors(inc) {
			next = append(next, jobs.VerifyIncident{IncidentID: string(inc.ID)})
		}
	}
	_, err := respond.Act(ctx, waiting, s.effects())
	return next, err
}

// notWaiting leaves out what waits for a person already: each new try of a job would else revoke as many more keys as
// the cap allows.
func notWaiting(incidents []incident.Incident) []incident.Incident {
	return slices.DeleteFunc(incidents, func(inc incident.Incident) bool { return outcomeOf(inc) == incident.OutcomeWaiting })
}

func recorded(incidents []incident.Incident) []incident.Incident {
	kept := make([]incident.Incident, 0, len(incidents))
	for _, inc := range incidents {
		if inc.ID != "" {
			kept = append(kept, inc)
		}
	}
	return kept
}

// vendors says whether a vendor can be asked about an incident.
func (s *Steps) vendors(inc incident.Incident) bool {
	p, known := s.Patterns.ByID(inc.Pattern)
	return s.Vendors != nil && known && p.Verify != nil
}

func (s *Steps) effects() respond.Effects {
	return respond.Effects{Revoker: s.Keys, Recorder: s.Incidents, Actor: actor, Now: s.Now}
}

// skips is a Sink that keeps what could not be scanned.
type skips struct {
	first []string
	total int
}

func (k *skips) Started(scanner.Start) error   { return nil }
func (k *skips) Finding(scanner.Finding) error { return nil }
func (k *skips) Done(scanner.Summary) error    { return nil }

func (k *skips) Skipped(skip scanner.Skip) error {
	k.total++
	if len(k.first) < maxSkipNotes {
		k.first = append(k.first, "not scanned: "+skip.Error())
	}
	return nil
}

func (k *skips) notes() []string {
	if more := k.total - len(k.first); more > 0 {
		return append(k.first, fmt.Sprintf("not scanned: %d more", more))
	}
	return k.first
}
