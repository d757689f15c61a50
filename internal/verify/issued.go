package verify

import (
	"context"
	"time"

	"github.com/keywright/keywright/internal/incident"
	"github.com/keywright/keywright/internal/secret"
	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/patterns"
	"github.com/keywright/keywright/scanner"
)

// KeyChecker decides about a found key without that being a use of it. *issuer.Verifier is one.
type KeyChecker interface {
	CheckFound(ctx context.Context, found secret.Text) issuer.Decision
}

// Issued asks the store of our own keys. It needs no network.
type Issued struct {
	Keys KeyChecker
	Now  func() time.Time
}

// Verify implements [Verifier].
//
// A disabled key is live: enabling would bring the leaked key back, so it must be revoked like any other. A key
// of our format that this issuer did not issue is never_issued here; another issuer may know it.
func (i Issued) Verify(ctx context.Context, f scanner.Finding) incident.Verdict {
	if f.Pattern != patterns.OwnID {
		return incident.Verdict{State: incident.Unknown, Reason: reasonNotAsked, CheckedAt: i.Now()}
	}
	decision := i.Keys.CheckFound(ctx, f.Secret)
	verdict := incident.Verdict{State: stateOf(decision.Code), Reason: decision.Reason, CheckedAt: i.Now()}
	if decision.Err != nil {
		verdict.Reason, verdict.Err = incident.Text(decision.Err.Error()), decision.Err
	}
	if key := decision.Key; key != nil {
		verdict.KeyID, verdict.Family, verdict.Owner = key.ID, key.Family, key.Owner
		verdict.Scopes, verdict.LastUsed = key.Scopes, key.LastUsedAt
	}
	return verdict
}

func stateOf(code issuer.Code) incident.VerdictState {
	switch code {
	case issuer.CodeValid, issuer.CodeDisabled, issuer.CodeInsufficientScope:
		return incident.Live
	case issuer.CodeRevoked:
		return incident.Revoked
	case issuer.CodeExpired:
		return incident.Expired
	case issuer.CodeBadTag, issuer.CodeUnknownID, issuer.CodeWrongSecret:
		return incident.NeverIssued
	case issuer.CodeMalformed, issuer.CodeBadChecksum, issuer.CodeUndecided:
		return incident.Unknown
	default:
		return incident.Unknown
	}
}
