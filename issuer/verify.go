package issuer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/keywright/keywright/internal/secret"
)

// Code is the result of a verification. Stable. The zero value is no decision and not valid.
type Code string

// The codes.
const (
	CodeValid             Code = "valid"
	CodeMalformed         Code = "malformed"          // not a key of ours
	CodeBadChecksum       Code = "bad_checksum"       // the format, but mistyped, cut or invented
	CodeBadTag            Code = "bad_tag"            // an id that was never issued here; the store was not asked
	CodeUnknownID         Code = "unknown_id"         // the store knows no such id
	CodeWrongSecret       Code = "wrong_secret"       // a known id with another secret
	CodeRevoked           Code = "revoked"            // the secret matched, as in all below but undecided
	CodeExpired           Code = "expired"            //
	CodeDisabled          Code = "disabled"           //
	CodeInsufficientScope Code = "insufficient_scope" // live, but not for this
	CodeUndecided         Code = "undecided"          // the store or the keyring failed: nothing is said of the key
)

// Principal is who a valid key stands for.
type Principal struct {
	KeyID  KeyID
	Owner  string
	Family Prefix
	Scopes []Scope
}

// Request is what a key is presented for.
type Request struct {
	Scopes []Scope // all are needed
	// MinSeq is a change that the answer must know of. Zero: none. Of another generation: CodeUndecided.
	MinSeq Token
}

// Decision is the answer to a presented key. The zero value grants nothing.
type Decision struct {
	Code      Code
	Reason    string    // for people; never holds what was presented
	Key       *Key      // nil unless the secret matched
	Principal Principal // zero unless the secret matched
	Err       error     // with CodeUndecided: what failed
}

// Valid is whether the key may do what it was presented for.
func (d Decision) Valid() bool { return d.Code == CodeValid }

// PublicCode is the code for whoever presented the key: bad tag, unknown id and wrong secret are one,
// "invalid_key", so that an answer does not tell which ids exist.
func (d Decision) PublicCode() string {
	switch d.Code {
	case CodeBadTag, CodeUnknownID, CodeWrongSecret:
		return "invalid_key"
	case "":
		return string(CodeUndecided)
	default:
		return string(d.Code)
	}
}

// Verifier decides about presented keys. Without a Cache it reads the store each time: see package lease for when
// something may be kept in memory.
type Verifier struct {
	Store   KeyReader
	Cache   KeyCache // nil: the store is read each time
	Keyring *Keyring
	Now     func() time.Time // where the store's clock is not known
	Touch   func(Use)        // told of each valid use; must not block. nil: nobody is
}

// Verify decides whether a key may do what it is presented for, and notes its use when it may.
//
// Order: format and checksum · what the cache knows · tag (free; see [Keyring.TagsComplete]) · the store · digest ·
// status, expiry, scope. A store that fails, a cache without a lease, or a missing pepper gives CodeUndecided, never
// a denial. An id that the store does not know costs the same digest and comparison as a wrong secret.
// The Key of the decision may be shared with other decisions and is not to be changed.
func (v *Verifier) Verify(ctx context.Context, presented secret.Text, request Request) Decision {
	decision := v.decide(ctx, presented, &request, knownTag)
	if v.Touch != nil && decision.Valid() {
		v.Touch(Use{Key: decision.Key.ID, At: inMicroseconds(v.Now())})
	}
	return decision
}

// Check is [Verifier.Verify] without being a use.
func (v *Verifier) Check(ctx context.Context, presented secret.Text) Decision {
	return v.decide(ctx, presented, &Request{}, knownTag)
}

// CheckFound is [Verifier.Check] for a key that a scan found.
//
// It asks the store whatever the id's tag says: finds are few, and no revocation may hang on a tag key.
func (v *Verifier) CheckFound(ctx context.Context, found secret.Text) Decision {
	return v.decide(ctx, found, &Request{}, anyTag)
}

// tagRule says whether an id that was not issued here may cost a question to the store.
type tagRule bool

const (
	knownTag tagRule = false
	anyTag   tagRule = true
)

func (v *Verifier) decide(ctx context.Context, presented secret.Text, request *Request, tags tagRule) Decision {
	found, err := parse(presented)
	if err != nil {
		return rejected(err)
	}
	if v.Keyring == nil || v.Store == nil && v.Cache == nil {
		return undecided(errors.New("verify key: the verifier has no store or no keyring"))
	}
	known, hit := v.hit(found.id, request.MinSeq)
	if !hit {
		if tags == knownTag && v.Keyring.TagsComplete() && !v.Keyring.TagValid(found.prefix, found.id) {
			return Decision{Code: CodeBadTag, Reason: "no key of this issuer has such an id"}
		}
		if known, err = v.read(ctx, found.id, request.MinSeq); err != nil {
			return undecided(fmt.Errorf("verify key: read the store: %w", err))
		}
	}
	return v.compare(found, known, request)
}

func (v *Verifier) hit(id KeyID, after Token) (Known, bool) {
	if v.Cache == nil {
		return Known{}, false
	}
	return v.Cache.Hit(id, after)
}

// read asks the store, through the cache where there is one.
func (v *Verifier) read(ctx context.Context, id KeyID, after Token) (Known, error) {
	if v.Cache != nil {
		return v.Cache.Read(ctx, id, after)
	}
	if !after.IsZero() {
		return v.readAfter(ctx, id, after)
	}
	key, err := v.Store.Key(ctx, id)
	switch {
	case errors.Is(err, ErrNotFound):
		return Known{}, nil
	case err != nil:
		return Known{}, err
	}
	return Known{Key: &key}, nil
}

// readAfter reads the store for an answer that must know of a change.
func (v *Verifier) readAfter(ctx context.Context, id KeyID, after Token) (Known, error) {
	reader, ok := v.Store.(SnapshotReader)
	if !ok {
		return Known{}, errors.New("the store does not tell how late its answer is")
	}
	snapshot, err := reader.KeyAt(ctx, id)
	if err == nil {
		err = snapshot.At.Includes(after)
	}
	if err != nil {
		return Known{}, err
	}
	return Known{Key: snapshot.Key, Now: snapshot.Now}, nil
}

// compare checks the secret, and judges the key when it is right.
func (v *Verifier) compare(found parts, known Known, request *Request) Decision {
	if known.Key == nil {
		return v.unknownID(found)
	}
	key := known.Key
	matches, err := v.Keyring.matches(found.text, &key.Digest)
	switch {
	case err != nil:
		return undecided(fmt.Errorf("verify key: %w", err))
	case !matches || key.ID != found.id || key.Family != found.prefix:
		return Decision{Code: CodeWrongSecret, Reason: "the secret part is not this key's"}
	}
	now := known.Now
	if now.IsZero() {
		now = v.Now()
	}
	return judge(key, request, now)
}

func rejected(err error) Decision {
	var parse *ParseError
	if errors.As(err, &parse) && parse.Reason == ReasonChecksum {
		return Decision{Code: CodeBadChecksum, Reason: "the checksum does not hold: mistyped, cut or invented"}
	}
	return Decision{Code: CodeMalformed, Reason: err.Error()}
}

func undecided(err error) Decision {
	return Decision{Code: CodeUndecided, Reason: "the key could not be checked", Err: err}
}

// unknownID does the work of a wrong secret, so that the time does not tell which ids exist.
func (v *Verifier) unknownID(found parts) Decision {
	dummy := Digest{PepperVersion: v.Keyring.Newest()}
	if _, err := v.Keyring.matches(found.text, &dummy); err != nil {
		return undecided(fmt.Errorf("verify key: %w", err))
	}
	return Decision{Code: CodeUnknownID, Reason: "no key has this id"}
}

// judge decides about a key whose secret matched.
func judge(key *Key, request *Request, now time.Time) Decision {
	decision := Decision{
		Key:       key,
		Principal: Principal{KeyID: key.ID, Owner: key.Owner, Family: key.Family, Scopes: key.Scopes},
	}
	decision.Code, decision.Reason = standing(key, now)
	switch decision.Code {
	case CodeUndecided:
		return undecided(fmt.Errorf("verify key %s: the store gave a status that this version does not know", key.ID))
	case CodeValid:
		for _, scope := range request.Scopes {
			if !Covers(key.Scopes, scope) {
				decision.Code, decision.Reason = CodeInsufficientScope, "the key lacks the scope "+string(scope)
				return decision
			}
		}
	}
	return decision
}

// standing is what status and clock say about a key.
func standing(key *Key, now time.Time) (Code, string) {
	switch key.Status {
	case StatusRevoked:
		return CodeRevoked, "the key was revoked at " + key.RevokedAt.UTC().Format(time.RFC3339)
	case StatusDisabled:
		return CodeDisabled, "the key is disabled"
	case StatusActive:
		if !key.ExpiresAt.IsZero() && !now.Before(key.ExpiresAt) {
			return CodeExpired, "the key expired at " + key.ExpiresAt.UTC().Format(time.RFC3339)
		}
		return CodeValid, "the key is live"
	default:
		return CodeUndecided, ""
	}
}
