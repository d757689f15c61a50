package steps

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/keywright/keywright/internal/incident"
	"github.com/keywright/keywright/internal/respond"
	"github.com/keywright/keywright/internal/verify"
	"github.com/keywright/keywright/patterns"
	"github.com/keywright/keywright/scanner"
	"github.com/keywright/keywright/webhook"
	"github.com/keywright/keywright/webhook/githubapp"
)

// actor names the App in the audit log.
const actor = "app"

// Steps are the workers with what they work on. Its methods fit queue.Steps. Safe for concurrent use.
type Steps struct {
	Deliveries Deliveries
	Incidents  incident.Store
	Keys       respond.Revoker
	GitHub     GitHub
	Patterns   *patterns.Set
	Scanner    *scanner.Scanner       // made of Patterns
	Issued     verify.Verifier        // of our own keys; uses no network
	Vendors    func() verify.Verifier // makes one per incident; nil: vendors are not asked
	Notifier   Notifier               // nil: nobody is told
	Policy     respond.Policy         // the zero value records and revokes nothing
	TempDir    string                 // for reading repositories; empty: the system's
	Now        func() time.Time
	Rand       io.Reader    // for incident ids; a CSPRNG
	Log        *slog.Logger // nil: none
}

// Permanent is an error that no later try can mend. The queue cancels its job.
type Permanent struct{ Err error }

func (p *Permanent) Error() string { return p.Err.Error() }
func (p *Permanent) Unwrap() error { return p.Err }

// Permanent says so to the queue.
func (p *Permanent) Permanent() bool { return true }

// NotYet is no failure: the step waits for something and wants to be called again.
type NotYet struct {
	Reason string
	Wait   time.Duration
}

func (n *NotYet) Error() string { return n.Reason }

// RetryAfter says to the queue when.
func (n *NotYet) RetryAfter() time.Duration { return n.Wait }

func (s *Steps) log() *slog.Logger {
	if s.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return s.Log
}

// errNoInstallation: the hook was set up at the repository, not by the App.
var errNoInstallation = errors.New("the delivery names no installation of the App")

// pushOf reads a delivery's push and the repository that it is of.
func pushOf(d webhook.Delivery) (webhook.Push, githubapp.Repository, error) {
	p, err := webhook.ParsePush(d.Body)
	if err == nil && p.Installation == 0 {
		err = errNoInstallation
	}
	if err != nil {
		return p, githubapp.Repository{}, &Permanent{fmt.Errorf("delivery %s: %w", d.ID, err)}
	}
	return p, githubapp.Repository{
		Installation: p.Installation, ID: p.Repository.ID, Owner: p.Repository.Owner, Name: p.Repository.Name,
	}, nil
}
