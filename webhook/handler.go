package webhook

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"regexp"
	"time"

	"github.com/keywright/keywright/internal/jobs"
)

// MaxBody is the default cap of a body, in bytes: GitHub delivers no payload over 25 MB
// (docs.github.com, "Webhook events and payloads", read 2026-11-23).
const MaxBody int64 = 25 << 20

// maxSecrets: the current secret and the one before it, during a rotation.
const maxSecrets = 2

// minSecretBytes is the least length of a secret: 16 random bytes cannot be guessed offline from one
// captured delivery.
const minSecretBytes = 16

// Options says what the door accepts.
type Options struct {
	Secrets [][]byte // one or two; two while the secret is rotated
	Inbox   Inbox
	MaxBody int64            // bytes; 0 means [MaxBody], more than [MaxBody] is refused
	Events  []Event          // allow-list; empty means push
	Now     func() time.Time // nil means time.Now
	Log     *slog.Logger     // nil means none; gets ids and reasons, never bodies or headers
}

// Errors of [Handler].
var (
	ErrNoSecret = errors.New("webhook: no secret: every delivery would be accepted or none")
	ErrOptions  = errors.New("webhook: options")
)

// Handler makes the door. ErrNoSecret: no secret, or an empty one. ErrOptions: anything else.
//
// Answers: 202 kept, now or before · 204 signed, but nothing to keep (ping, an event outside the list) ·
// 400 malformed · 401 not signed by a secret of ours · 405 not POST · 413 over the cap · 415 not plain JSON ·
// 503 the inbox failed; GitHub lists the delivery as failed and it can be asked for again.
func Handler(o Options) (http.Handler, error) {
	if err := check(&o); err != nil {
		return nil, err
	}
	allowed := make(map[Event]bool, len(o.Events))
	for _, e := range o.Events {
		allowed[e] = true
	}
	return &door{Options: o, allowed: allowed}, nil
}

func check(o *Options) error {
	if len(o.Secrets) == 0 {
		return ErrNoSecret
	}
	if len(o.Secrets) > maxSecrets {
		return fmt.Errorf("%w: %d secrets, at most %d", ErrOptions, len(o.Secrets), maxSecrets)
	}
	for i, s := range o.Secrets {
		if len(s) == 0 {
			return ErrNoSecret
		}
		if len(s) < minSecretBytes {
			return fmt.Errorf("%w: secret %d has %d bytes, at least %d are needed", ErrOptions, i+1, len(s), minSecretBytes)
		}
	}
	if o.Inbox == nil {
		return fmt.Errorf("%w: no inbox", ErrOptions)
	}
	if o.MaxBody < 0 || o.MaxBody > MaxBody {
		return fmt.Errorf("%w: body cap %d is outside 0 to %d", ErrOptions, o.MaxBody, MaxBody)
	}
	defaults(o)
	for _, e := range o.Events {
		if _, known := confirm[e]; !known {
			return fmt.Errorf("%w: event %q cannot be confirmed from a body", ErrOptions, e)
		}
	}
	return nil
}

func defaults(o *Options) {
	if o.MaxBody == 0 {
		o.MaxBody = MaxBody
	}
	if len(o.Events) == 0 {
		o.Events = []Event{EventPush}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
}

type door struct {
	Options
	allowed map[Event]bool
}

// refusal is an answer that is no success.
type refusal struct {
	status int
	reason string
}

func (r *refusal) Error() string { return r.reason }

func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	status, err := d.take(w, r)
	if err == nil {
		w.WriteHeader(status)
		return
	}
	var refused *refusal
	if !errors.As(err, &refused) {
		refused = &refusal{http.StatusServiceUnavailable, "could not keep the delivery"}
	}
	// The delivery id is safe to log only when it keeps its grammar.
	id := r.Header.Get("X-GitHub-Delivery")
	if !deliveryID.MatchString(id) {
		id = "(malformed)"
	}
	d.Log.LogAttrs(r.Context(), slog.LevelWarn, "delivery refused",
		slog.String("delivery", id), slog.Int("status", refused.status), slog.Any("error", err))
	http.Error(w, refused.reason, refused.status)
}

// take decides on one request. The order matters: nothing of the body is looked at before its signature held.
func (d *door) take(w http.ResponseWriter, r *http.Request) (int, error) {
	if err := plausible(r, d.MaxBody); err != nil {
		if err.status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", http.MethodPost)
		}
		return 0, err
	}
	sum, err := signatureOf(r.Header)
	if err != nil {
		return 0, &refusal{http.StatusUnauthorized, err.Error()}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, d.MaxBody))
	if err != nil {
		return 0, unread(err)
	}
	if !signedByAny(d.Secrets, body, sum) {
		return 0, &refusal{http.StatusUnauthorized, "signature does not match"}
	}
	return d.keep(r.Context(), r.Header, body)
}

// plausible refuses by method and headers alone, before a byte is read.
func plausible(r *http.Request, maxBody int64) *refusal {
	if r.Method != http.MethodPost {
		return &refusal{http.StatusMethodNotAllowed, "POST only"}
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" {
		return &refusal{http.StatusUnsupportedMediaType, "content type must be application/json"}
	}
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return &refusal{http.StatusUnsupportedMediaType, "compressed bodies are not accepted"}
	}
	if r.ContentLength > maxBody {
		return &refusal{http.StatusRequestEntityTooLarge, "body is over the cap"}
	}
	return nil
}

func unread(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return &refusal{http.StatusRequestEntityTooLarge, "body is over the cap"}
	}
	return &refusal{http.StatusBadRequest, "body ended early"}
}

// deliveryID is wider than GitHub's GUIDs, and still safe in logs, file names and job arguments.
var deliveryID = regexp.MustCompile(`^[0-9A-Za-z-]{1,64}$`)

// keep hands a signed body to the inbox.
func (d *door) keep(ctx context.Context, header http.Header, body []byte) (int, error) {
	id := header.Get("X-GitHub-Delivery")
	if !deliveryID.MatchString(id) {
		return 0, &refusal{http.StatusBadRequest, "X-GitHub-Delivery is not a delivery id"}
	}
	event := Event(header.Get("X-GitHub-Event"))
	if !d.allowed[event] && event != EventPing {
		return http.StatusNoContent, nil
	}
	if !confirm[event](body) {
		return 0, &refusal{http.StatusBadRequest, "the body is not of the event that the header names"}
	}
	if event == EventPing {
		return http.StatusNoContent, nil
	}
	kept, err := keptOf(body)
	if err != nil {
		return 0, &refusal{http.StatusBadRequest, "the body is not of the event that the header names"}
	}
	delivery := Delivery{ID: DeliveryID(id), Event: event, BodySHA256: sha256.Sum256(body), Body: kept, ReceivedAt: d.Now().UTC()}
	fresh, err := d.Inbox.Accept(ctx, delivery, jobsFor(delivery)...)
	if err != nil {
		return 0, fmt.Errorf("accept delivery %s: %w", id, err)
	}
	d.Log.LogAttrs(ctx, slog.LevelInfo, "delivery accepted",
		slog.String("delivery", id), slog.String("event", string(event)), slog.Bool("fresh", fresh))
	return http.StatusAccepted, nil
}

// jobsFor says what work an event causes.
func jobsFor(d Delivery) []jobs.Args {
	switch d.Event {
	case EventPush:
		return []jobs.Args{jobs.ScanPush{DeliveryID: string(d.ID)}}
	case EventPing:
		return nil
	default:
		return nil
	}
}
