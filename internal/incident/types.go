package incident

import (
	"context"
	"time"

	"github.com/keywright/keywright/internal/jobs"
	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/patterns"
	"github.com/keywright/keywright/scanner"
)

// ID names an incident: "inc_" and 16 base62 characters.
type ID string

// State is where an incident stands.
type State string

// The states.
const (
	StateOpen     State = "open"
	StateResolved State = "resolved"
)

// VerdictState is what is known about a found key. The zero value is no verdict.
type VerdictState string

// The verdicts. A network error is unknown, never dead.
const (
	Live        VerdictState = "live"
	Revoked     VerdictState = "revoked"
	Expired     VerdictState = "expired"
	NeverIssued VerdictState = "never_issued"
	Unknown     VerdictState = "unknown"
)

// Verdict is what a verifier said.
type Verdict struct {
	State     VerdictState
	Reason    string // "disabled", "timeout after 5s", "no verifier for github.pat.classic"
	CheckedAt time.Time
	// Err is why nobody could say: asking again may answer. nil when a verifier answered, also with unknown. Not stored.
	Err error

	// Of a key of ours whose secret matched; zero otherwise.
	KeyID    issuer.KeyID
	Family   issuer.Prefix
	Owner    string
	Scopes   []issuer.Scope
	LastUsed time.Time
}

// Replaces says whether v is to be kept in place of old: "unknown" says nothing new about a key that was known.
func (v Verdict) Replaces(old Verdict) bool {
	return v.State != Unknown || old.State == "" || old.State == Unknown
}

// ActionKind is what can be done about an incident.
type ActionKind string

// The kinds.
const (
	ActionRevoke ActionKind = "revoke" // revoke a key of ours
	ActionNotify ActionKind = "notify"
	ActionWait   ActionKind = "wait" // over a cap, or for a person to decide
)

// Action is one planned effect.
type Action struct {
	Kind     ActionKind
	Incident ID
	Target   string // key id for revoke; owner for notify
	Key      string // idempotency key: incident + kind + target
	Why      string
}

// OutcomeState says how an action ended.
type OutcomeState string

// The outcomes.
const (
	OutcomeDone    OutcomeState = "done"
	OutcomeAlready OutcomeState = "already" // the effect held before
	OutcomeFailed  OutcomeState = "failed"
	OutcomeWaiting OutcomeState = "waiting"
)

// Outcome is an action that was carried out, or not.
type Outcome struct {
	Action Action
	State  OutcomeState
	Detail string
	At     time.Time
	Seq    issuer.Seq // of a revocation
}

// Incident is a leak: everything of a finding but the secret, and what came of it.
type Incident struct {
	ID          ID
	Fingerprint string // unique
	Pattern     patterns.ID
	Vendor      string
	Name        string
	Redacted    string
	Source      string // what was scanned: a path, owner/repo
	Blob        scanner.BlobID
	Location    scanner.Location
	Places      int
	State       State
	Resolution  string // why it was resolved
	Verdict     Verdict
	Outcomes    []Outcome // oldest first
	FirstSeenAt time.Time
	LastSeenAt  time.Time
	ResolvedAt  time.Time
}

// Query selects incidents, newest first.
type Query struct {
	State State // empty: all
	Limit int   // at most 1000; 0 means 100
	After string
}

// Page is one page of incidents.
type Page struct {
	Incidents []Incident
	Next      string
}

// Store keeps incidents. Each change and its audit event are one transaction.
type Store interface {
	// Record opens the incident of a fingerprint, or updates LastSeenAt, Places and Location of the one there.
	// A resolved one that is seen again is opened again. It returns what is stored, and whether it was new.
	Record(ctx context.Context, seen Incident, act issuer.Act, next ...jobs.Args) (stored Incident, opened bool, err error)
	// SetVerdict replaces the verdict. issuer.ErrNotFound: no such incident. The same state again: no event.
	SetVerdict(ctx context.Context, id ID, verdict Verdict, act issuer.Act) error
	// AddOutcome appends an outcome. One whose Action.Key is there already in state done or already is dropped.
	AddOutcome(ctx context.Context, id ID, outcome Outcome, act issuer.Act) error
	// Resolve closes. Twice: no error, no event.
	Resolve(ctx context.Context, id ID, resolution string, act issuer.Act) error
	Incident(ctx context.Context, id ID) (Incident, error) // issuer.ErrNotFound
	Incidents(ctx context.Context, query Query) (Page, error)
}
