package issuer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/keywright/keywright/internal/jobs"
	"github.com/keywright/keywright/internal/secret"
)

// MaxNameLen caps owners, labels, actors and reasons, in bytes.
const MaxNameLen = 200

// maxMintTries bounds the new tries after a clash of ids. One clash among a million keys has a chance of
// 2^-33; three in a row mean that the random source or the store is broken.
const maxMintTries = 3

// ErrInvalid says that a request breaks a rule; the text around it says which.
var ErrInvalid = errors.New("invalid request")

// Issuer changes families and keys.
type Issuer struct {
	Store   Store
	Keyring *Keyring
	Now     func() time.Time // the clock for Act.At, CreatedAt and expiry
	Rand    io.Reader        // a CSPRNG
}

// IssueRequest asks for a key.
type IssueRequest struct {
	Family    Prefix
	Owner     string // required; the store creates an owner it does not know
	Label     string
	Scopes    []Scope   // within the family's; none: the key carries no scope
	ExpiresAt time.Time // zero: never
	Act       Act       // At is set to Now when zero
	Next      []jobs.Args
}

// CreateFamily stores a family. Its scopes are what its keys may carry at most.
//
// Errors: ErrPrefix, ErrScopeGrammar, ErrInvalid, ErrConflict, or the store's.
func (i *Issuer) CreateFamily(ctx context.Context, prefix Prefix, scopes []Scope, act Act) (Family, error) {
	if err := prefix.Valid(); err != nil {
		return Family{}, fmt.Errorf("create family: %w", err)
	}
	normal, err := NormalScopes(scopes)
	if err != nil {
		return Family{}, fmt.Errorf("create family %s: %w", prefix, err)
	}
	if act, err = i.act(act); err != nil {
		return Family{}, fmt.Errorf("create family %s: %w", prefix, err)
	}
	family := Family{Prefix: prefix, Scopes: normal, CreatedAt: act.At}
	if err := i.Store.CreateFamily(ctx, family, act); err != nil {
		return Family{}, err // the store says what was attempted
	}
	return family, nil
}

// Issue makes a key, stores its digest, and returns its only plaintext copy.
//
// Errors: ErrNotFound: no such family. ErrScope with the scope: not one of the family's. ErrInvalid: owner,
// label, expiry in the past. ErrScopeGrammar. Else the store's or the random source's. A clash of ids is
// tried again, three times in all.
func (i *Issuer) Issue(ctx context.Context, request IssueRequest) (secret.Text, Key, error) {
	key, act, err := i.plan(ctx, request)
	if err != nil {
		return secret.Text{}, Key{}, fmt.Errorf("issue key of family %s: %w", printable(request.Family), err)
	}
	for try := 1; ; try++ {
		var plain secret.Text
		if plain, key.ID, err = Mint(i.Rand, key.Family, i.Keyring); err != nil {
			return secret.Text{}, Key{}, fmt.Errorf("issue key of family %s: %w", key.Family, err)
		}
		key.Digest = i.Keyring.Digest(plain)
		err = i.Store.CreateKey(ctx, key, act, request.Next...)
		if err == nil {
			return plain, key, nil
		}
		if !errors.Is(err, ErrConflict) || try == maxMintTries {
			return secret.Text{}, Key{}, fmt.Errorf("issue key %s: %w", key.ID, err)
		}
	}
}

// plan checks a request and lays out the key, all but id and digest.
func (i *Issuer) plan(ctx context.Context, request IssueRequest) (Key, Act, error) {
	act, err := i.act(request.Act)
	if err != nil {
		return Key{}, Act{}, err
	}
	if err := request.Family.Valid(); err != nil {
		return Key{}, Act{}, err
	}
	if err := checkNames(name{"owner", request.Owner, true}, name{"label", request.Label, false}); err != nil {
		return Key{}, Act{}, err
	}
	expires := inMicroseconds(request.ExpiresAt)
	if !expires.IsZero() && !expires.After(i.now()) {
		return Key{}, Act{}, fmt.Errorf("%w: the expiry is not in the future", ErrInvalid)
	}
	scopes, err := i.scopesOf(ctx, request)
	if err != nil {
		return Key{}, Act{}, err
	}
	return Key{
		Family: request.Family, Owner: request.Owner, Label: request.Label, Scopes: scopes,
		Status: StatusActive, CreatedAt: act.At, ExpiresAt: expires,
	}, act, nil
}

func (i *Issuer) scopesOf(ctx context.Context, request IssueRequest) ([]Scope, error) {
	scopes, err := NormalScopes(request.Scopes)
	if err != nil {
		return nil, err
	}
	family, err := i.Store.Family(ctx, request.Family)
	if err != nil {
		return nil, err
	}
	for _, scope := range scopes {
		if !Covers(family.Scopes, scope) {
			return nil, fmt.Errorf("%s: %w", scope, ErrScope)
		}
	}
	return scopes, nil
}

// Disable makes a key unusable until [Issuer.Enable]. Errors: ErrNotFound, ErrRevoked, ErrInvalid, the store's.
func (i *Issuer) Disable(ctx context.Context, id KeyID, act Act) error {
	return i.setStatus(ctx, "disable", id, StatusDisabled, act)
}

// Enable undoes [Issuer.Disable]. Errors: ErrNotFound, ErrRevoked, ErrInvalid, the store's.
func (i *Issuer) Enable(ctx context.Context, id KeyID, act Act) error {
	return i.setStatus(ctx, "enable", id, StatusActive, act)
}

func (i *Issuer) setStatus(ctx context.Context, verb string, id KeyID, status Status, act Act) error {
	act, err := i.checkChange(id, act)
	if err == nil {
		err = i.Store.SetStatus(ctx, id, status, act)
	}
	if err != nil {
		return fmt.Errorf("%s key %s: %w", verb, printableID(id), err)
	}
	return nil
}

// Revoke ends a key for ever. Twice: the first one's Seq and time, with Already set.
//
// Errors: ErrNotFound, ErrInvalid, the store's.
func (i *Issuer) Revoke(ctx context.Context, r Revocation, next ...jobs.Args) (Revoked, error) {
	act, err := i.checkChange(r.Key, r.Act)
	if err != nil {
		return Revoked{}, fmt.Errorf("revoke key %s: %w", printableID(r.Key), err)
	}
	r.Act = act
	revoked, err := i.Store.Revoke(ctx, r, next...)
	if err != nil {
		return Revoked{}, fmt.Errorf("revoke key %s: %w", r.Key, err)
	}
	return revoked, nil
}

func (i *Issuer) checkChange(id KeyID, act Act) (Act, error) {
	if !id.Valid() {
		return Act{}, fmt.Errorf("%w: a key id has %d letters and digits", ErrInvalid, IDLen)
	}
	return i.act(act)
}

// act completes and checks who did something.
func (i *Issuer) act(act Act) (Act, error) {
	if act.At.IsZero() {
		act.At = i.now()
	}
	act.At = inMicroseconds(act.At)
	return act, checkNames(name{"actor", act.Actor, true}, name{"reason", act.Reason, false})
}

func (i *Issuer) now() time.Time { return inMicroseconds(i.Now()) }

// inMicroseconds is what every store can keep: UTC, microseconds.
func inMicroseconds(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}

type name struct {
	field, text string
	required    bool
}

// checkNames refuses what would break a list or a log line, and a key that was pasted into the wrong field:
// it would be stored in clear.
func checkNames(names ...name) error {
	for _, n := range names {
		switch {
		case n.text == "" && n.required:
			return fmt.Errorf("%w: no %s", ErrInvalid, n.field)
		case len(n.text) > MaxNameLen:
			return fmt.Errorf("%w: the %s is longer than %d bytes", ErrInvalid, n.field, MaxNameLen)
		case !isPrintable(n.text):
			return fmt.Errorf("%w: the %s has characters that cannot be printed", ErrInvalid, n.field)
		}
		if HoldsKey(n.text) {
			return fmt.Errorf("%w: the %s holds a key", ErrInvalid, n.field)
		}
	}
	return nil
}

// HoldsKey says whether a key of ours stands anywhere in a text that will be stored in clear.
func HoldsKey(text string) bool {
	if strings.Contains(text, "%") { // a secret-token URI
		if plain, err := percentDecode(text); err == nil {
			text = plain
		}
	}
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return r != '_' && (r > '~' || !isBase62(string(r))) }) {
		// What stands before a key and looks like a part of its prefix is tried with and without.
		for ; len(word) > BodyLen; _, word, _ = strings.Cut(word, "_") {
			if _, err := parseKey(word); err == nil {
				return true
			}
		}
	}
	return false
}

func isPrintable(text string) bool {
	for _, r := range text {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

// printable and printableID keep a pasted key out of error texts.
func printable(prefix Prefix) string {
	if prefix.Valid() != nil {
		return "(not a prefix)"
	}
	return string(prefix)
}

func printableID(id KeyID) string {
	if !id.Valid() {
		return "(not a key id)"
	}
	return string(id)
}
