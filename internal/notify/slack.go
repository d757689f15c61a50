package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// Slack posts to an incoming webhook of Slack, Mattermost, or whatever speaks the same. Made by [NewSlack].
type Slack struct{ poster poster }

// NewSlack makes a sender to an incoming webhook's URL, which is a secret. transport may be nil.
// Errors: ErrAddress.
func NewSlack(address string, transport http.RoundTripper) (*Slack, error) {
	p, err := newPoster(address, transport)
	if err != nil {
		return nil, err
	}
	return &Slack{poster: p}, nil
}

// Send implements [Sender].
func (s *Slack) Send(ctx context.Context, m Message) error {
	if err := check(m); err != nil {
		return err
	}
	text := "*" + escape(m.Title) + "*\n" + escape(m.Text)
	if m.Link != "" {
		text += "\n" + escape(m.Link)
	}
	body, err := json.Marshal(map[string]string{"text": text})
	if err != nil {
		return fmt.Errorf("send message %s: %w", m.ID, err)
	}
	status, err := s.poster.post(ctx, body, http.Header{})
	return accepted(m.ID, status, err)
}

// escape keeps texts of others from becoming mentions and links: <!channel>, <https://…|…>.
// Source: api.slack.com, "Formatting text for app surfaces", general knowledge, 2026-11-24.
func escape(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}
