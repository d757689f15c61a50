package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// The headers of a signed webhook, as the Standard Webhooks specification has them (standardwebhooks.com, general
// knowledge, 2026-11-24): any of its libraries can check ours.
const (
	HeaderID        = "Webhook-Id"
	HeaderTimestamp = "Webhook-Timestamp" // Unix seconds
	HeaderSignature = "Webhook-Signature" // "v1," and base64 of HMAC-SHA-256 over "id.timestamp.body"
)

// minKeyBytes is the least length of a signing key.
const minKeyBytes = 24

// ErrKey: the signing key is too short.
var ErrKey = errors.New("notify: signing key")

// Webhook posts a message as JSON, signed. Made by [NewWebhook].
type Webhook struct {
	poster poster
	sign   func(content []byte) []byte
	now    func() time.Time
}

// NewWebhook makes a sender to a URL, https or on this machine. now and transport may be nil.
// Errors: ErrAddress; ErrKey for a key of fewer than 24 bytes.
func NewWebhook(address string, key []byte, now func() time.Time, transport http.RoundTripper) (*Webhook, error) {
	p, err := newPoster(address, transport)
	if err != nil {
		return nil, err
	}
	if len(key) < minKeyBytes {
		return nil, fmt.Errorf("%w has %d bytes, at least %d are needed", ErrKey, len(key), minKeyBytes)
	}
	if now == nil {
		now = time.Now
	}
	// The key lives in a closure: no way of printing the sender reaches it.
	return &Webhook{poster: p, now: now, sign: func(content []byte) []byte {
		mac := hmac.New(sha256.New, key)
		_, _ = mac.Write(content) // a hash never fails
		return mac.Sum(nil)
	}}, nil
}

// payload is the stable shape of the body.
type payload struct {
	ID    string    `json:"id"`
	Title string    `json:"title"`
	Text  string    `json:"text"`
	Link  string    `json:"link,omitempty"`
	At    time.Time `json:"at"`
}

// Send implements [Sender]. The timestamp is that of the try, so that a receiver can refuse old ones.
func (w *Webhook) Send(ctx context.Context, m Message) error {
	if err := check(m); err != nil {
		return err
	}
	body, err := json.Marshal(payload{m.ID, m.Title, m.Text, m.Link, m.At.UTC()})
	if err != nil {
		return fmt.Errorf("send message %s: %w", m.ID, err)
	}
	at := strconv.FormatInt(w.now().Unix(), 10)
	sum := w.sign([]byte(m.ID + "." + at + "." + string(body)))
	header := http.Header{}
	header.Set(HeaderID, m.ID)
	header.Set(HeaderTimestamp, at)
	header.Set(HeaderSignature, "v1,"+base64.StdEncoding.EncodeToString(sum))
	status, err := w.poster.post(ctx, body, header)
	return accepted(m.ID, status, err)
}
