package webhook

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Push is what a push delivery says. It is a hint: the signature covers it, but a replay may be old.
type Push struct {
	Ref          string // full name, "refs/heads/main"
	Before       string // object id, all zeros for a new ref
	After        string // object id, all zeros for a deleted ref
	Repository   Repository
	Installation int64 // 0: none was named
}

// Repository names a repository at GitHub.
type Repository struct {
	ID    int64
	Owner string // [0-9A-Za-z._-], at most 100 bytes
	Name  string // the same, not "." or ".."
}

// FullName is "owner/name".
func (r Repository) FullName() string { return r.Owner + "/" + r.Name }

// Created says that the ref is new.
func (p Push) Created() bool { return zeroID(p.Before) }

// Deleted says that the ref is gone: nothing to scan.
func (p Push) Deleted() bool { return zeroID(p.After) }

func zeroID(id string) bool { return strings.Trim(id, "0") == "" }

// ErrNotPush: the body is JSON, but not a push event's.
var ErrNotPush = errors.New("webhook: not a push event")

var (
	objectID = regexp.MustCompile(`^(?:[0-9a-f]{40}|[0-9a-f]{64})$`)
	nameText = regexp.MustCompile(`^[0-9A-Za-z._-]{1,100}$`)
)

// maxRefBytes is the longest ref name that is believed; git's own limit is the file system's.
const maxRefBytes = 1024

// ParsePush reads a push event's body.
//
// Shape: docs.github.com, "Webhook events and payloads", push, read 2026-11-23. Nothing of the commit list is
// read: it is cut at 2048. No URL is read: where to fetch from is configuration, never the sender's word.
// Errors: ErrNotPush, or what is wrong with JSON; never a part of the body.
func ParsePush(body []byte) (Push, error) {
	var raw struct {
		Ref, Before, After *string
		Repository         *struct {
			ID       int64
			FullName string `json:"full_name"`
		}
		Installation *struct{ ID int64 }
	}
	if err := json.Unmarshal(body, &raw); err != nil {
		return Push{}, fmt.Errorf("%w: %s", ErrNotPush, jsonReason(err))
	}
	if raw.Ref == nil || raw.Before == nil || raw.After == nil || raw.Repository == nil {
		return Push{}, fmt.Errorf("%w: ref, before, after or repository is missing", ErrNotPush)
	}
	p := Push{Ref: *raw.Ref, Before: *raw.Before, After: *raw.After}
	p.Repository.ID = raw.Repository.ID
	p.Repository.Owner, p.Repository.Name, _ = strings.Cut(raw.Repository.FullName, "/")
	if raw.Installation != nil {
		p.Installation = raw.Installation.ID
	}
	return p, p.check()
}

// keptOf is the part of a push event's body that ParsePush reads, for [Delivery].
func keptOf(body []byte) ([]byte, error) {
	p, err := ParsePush(body)
	if err != nil {
		return nil, err
	}
	type id struct {
		ID int64 `json:"id"`
	}
	kept := struct {
		Ref        string `json:"ref"`
		Before     string `json:"before"`
		After      string `json:"after"`
		Repository struct {
			ID       int64  `json:"id"`
			FullName string `json:"full_name"`
		} `json:"repository"`
		Installation *id `json:"installation,omitempty"`
	}{Ref: p.Ref, Before: p.Before, After: p.After}
	kept.Repository.ID, kept.Repository.FullName = p.Repository.ID, p.Repository.FullName()
	if p.Installation != 0 {
		kept.Installation = &id{p.Installation}
	}
	return json.Marshal(kept)
}

func (p Push) check() error {
	switch {
	case !strings.HasPrefix(p.Ref, "refs/") || len(p.Ref) > maxRefBytes || strings.ContainsAny(p.Ref, "\x00\r\n :^~?*[\\"):
		return fmt.Errorf("%w: ref is not a full ref name", ErrNotPush)
	case !objectID.MatchString(p.Before) || !objectID.MatchString(p.After) || len(p.Before) != len(p.After):
		return fmt.Errorf("%w: before and after are not object ids of one kind", ErrNotPush)
	case p.Created() && p.Deleted():
		return fmt.Errorf("%w: before and after are both zero", ErrNotPush)
	case !p.Repository.valid():
		return fmt.Errorf("%w: repository has no usable name or id", ErrNotPush)
	case p.Installation < 0:
		return fmt.Errorf("%w: installation id is negative", ErrNotPush)
	}
	return nil
}

func (r Repository) valid() bool {
	ok := r.ID > 0 && nameText.MatchString(r.Owner) && nameText.MatchString(r.Name)
	return ok && r.Owner != "." && r.Owner != ".." && r.Name != "." && r.Name != ".."
}

// jsonReason names what is wrong without repeating any of the text: encoding/json's own messages can quote it.
func jsonReason(err error) string {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Sprintf("no JSON at byte %d", syntax.Offset)
	case errors.As(err, &kind):
		return fmt.Sprintf("field %s has another type", kind.Field)
	default:
		return "no JSON"
	}
}

// confirm says per event whether a body is of its shape: the header that names the event is not signed.
var confirm = map[Event]func(body []byte) bool{
	EventPush: func(body []byte) bool { _, err := ParsePush(body); return err == nil },
	EventPing: isPing,
}

// isPing: a hook's own id and configuration, and nothing that moved.
func isPing(body []byte) bool {
	var raw struct {
		Zen    *string
		HookID *int64 `json:"hook_id"`
		Ref    *string
	}
	return json.Unmarshal(body, &raw) == nil && raw.Zen != nil && raw.HookID != nil && raw.Ref == nil
}
