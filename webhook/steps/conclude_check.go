package steps

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/keywright/keywright/internal/incident"
	"github.com/keywright/keywright/internal/jobs"
	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/scanner"
	"github.com/keywright/keywright/webhook"
	"github.com/keywright/keywright/webhook/githubapp"
)

const (
	checkPatience = 2 * time.Minute // for revocations, before the check says that they are not done
	checkPoll     = 200 * time.Millisecond
	maxShown      = 200 // incidents in a check's summary
)

// ConcludeCheck concludes the check run of a scanned delivery, after the revocations that the scan planned.
// Twice: the second changes nothing.
func (s *Steps) ConcludeCheck(ctx context.Context, args jobs.ConcludeCheck) error {
	scan, err := s.Deliveries.Scan(ctx, webhook.DeliveryID(args.DeliveryID))
	if errors.Is(err, issuer.ErrNotFound) {
		return &Permanent{err}
	}
	if err != nil || scan.Head == "" {
		return err
	}
	delivery, err := s.Deliveries.Delivery(ctx, scan.Delivery)
	if err != nil {
		return err
	}
	_, repo, err := pushOf(delivery)
	if err != nil {
		return err
	}
	found, err := s.found(ctx, scan)
	if err != nil {
		return err
	}
	if n := s.pending(found); n > 0 && s.Now().Sub(scan.FinishedAt) < checkPatience {
		return &NotYet{Reason: fmt.Sprintf("%d revocations are under way", n), Wait: checkPoll}
	}
	if _, err := s.GitHub.PutCheck(ctx, repo, checkOf(scan, found)); err != nil {
		return fmt.Errorf("conclude the check of delivery %s: %w", scan.Delivery, err)
	}
	return nil
}

func (s *Steps) found(ctx context.Context, scan webhook.Scan) ([]incident.Incident, error) {
	found := make([]incident.Incident, 0, min(len(scan.Incidents), maxShown))
	for _, id := range scan.Incidents[:min(len(scan.Incidents), maxShown)] {
		inc, err := s.Incidents.Incident(ctx, incident.ID(id))
		if err != nil {
			return nil, err
		}
		found = append(found, inc)
	}
	return found, nil
}

// pending counts live keys whose revocation is planned and has no outcome yet.
func (s *Steps) pending(found []incident.Incident) (n int) {
	if !s.Policy.Revoke {
		return 0
	}
	for _, inc := range found {
		if inc.Verdict.State == incident.Live && inc.Verdict.KeyID != "" && outcomeOf(inc) == "" {
			n++
		}
	}
	return n
}

// outcomeOf is how the last attempt to revoke, or to decide about it, ended; empty: none yet.
func outcomeOf(inc incident.Incident) (state incident.OutcomeState) {
	for _, o := range inc.Outcomes {
		if o.Action.Kind == incident.ActionRevoke || o.Action.Kind == incident.ActionWait {
			state = o.State
		}
	}
	return state
}

// checkOf says what a scan found. It is pure.
func checkOf(scan webhook.Scan, found []incident.Incident) githubapp.Check {
	check := githubapp.Check{Head: scan.Head, ExternalID: string(scan.Delivery)}
	switch {
	case !scan.Complete:
		check.Conclusion, check.Title = githubapp.ActionRequired, "Not everything could be scanned"
	case scan.Findings > 0:
		check.Conclusion, check.Title = githubapp.Failure, plural(scan.Findings, "leaked key")
	default:
		check.Conclusion, check.Title = githubapp.Success, "No keys found"
	}
	if !scan.Complete && scan.Findings > 0 {
		check.Title = plural(scan.Findings, "leaked key") + ", and not everything could be scanned"
	}
	check.Summary = summaryOf(scan, found)
	for _, inc := range found {
		if a, ok := annotationOf(inc); ok {
			check.Annotations = append(check.Annotations, a)
		}
	}
	return check
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func summaryOf(scan webhook.Scan, found []incident.Incident) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Scanned %s, %s, %d bytes.\n\n", plural(scan.Commits, "commit"), plural(scan.Blobs, "blob"), scan.Bytes)
	if len(found) > 0 {
		b.WriteString("| key | place | state |\n|---|---|---|\n")
	}
	for _, inc := range found {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", code(inc.Redacted), code(placeOf(inc)), stateOf(inc))
	}
	if more := scan.Findings - len(found); more > 0 {
		fmt.Fprintf(&b, "\n%d more are not shown.\n", more)
	}
	for _, note := range scan.Notes {
		fmt.Fprintf(&b, "\n- %s", code(note))
	}
	return b.String()
}

func placeOf(inc incident.Incident) string {
	if inc.Location.Path == "" {
		return strings.TrimSpace(string(inc.Location.Kind) + " " + inc.Location.Commit)
	}
	if inc.Location.Span.Line > 0 {
		return fmt.Sprintf("%s:%d", inc.Location.Path, inc.Location.Span.Line)
	}
	return inc.Location.Path
}

// stateOf says in words how it stands with a key.
func stateOf(inc incident.Incident) string {
	switch outcomeOf(inc) {
	case incident.OutcomeDone, incident.OutcomeAlready:
		return "revoked"
	case incident.OutcomeWaiting:
		return "live: waits for a person to revoke it"
	case incident.OutcomeFailed:
		return "live: the revocation failed and is tried again"
	}
	if inc.Verdict.State == "" {
		return "not checked"
	}
	return strings.ReplaceAll(string(inc.Verdict.State), "_", " ")
}

// code shows text that others wrote as Markdown code that it cannot break out of, in a table's cell.
func code(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '`':
			return '\''
		case r == '|':
			return '¦'
		case r < ' ' || r == 0x7f || r == utf8.RuneError:
			return ' '
		default:
			return r
		}
	}, text)
	if strings.TrimSpace(text) == "" {
		return ""
	}
	return "`" + text + "`"
}

// annotationOf marks the line of a finding in a file of the pushed commits.
func annotationOf(inc incident.Incident) (githubapp.Annotation, bool) {
	l := inc.Location
	files := []scanner.Kind{scanner.KindFile, ""}
	if l.Path == "" || !slices.Contains(files, l.Kind) || !utf8.ValidString(l.Path) {
		return githubapp.Annotation{}, false
	}
	return githubapp.Annotation{
		Path: l.Path, Start: l.Span.Line, End: l.Span.EndLine,
		Message: fmt.Sprintf("%s (%s): %s. Incident %s.", inc.Name, inc.Redacted, stateOf(inc), inc.ID),
	}, true
}
