package notify

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Message is what is sent. It must not hold secrets: it lands in mailboxes and logs.
type Message struct {
	ID    string // the same for every try; at most 200 bytes of [!-~]
	Title string // one line
	Text  string // plain, lines ended by \n
	Link  string // where to read more; may be empty
	At    time.Time
}

// Sender is one receiver's way. Cancelled: may or may not have been sent. Concurrent: yes.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// All sends to each of several senders. It goes on after a failure and joins the errors.
type All []Sender

// Send implements [Sender].
func (all All) Send(ctx context.Context, m Message) error {
	var failures []error
	for _, s := range all {
		failures = append(failures, s.Send(ctx, m))
	}
	return errors.Join(failures...)
}

// The caps of a message, in bytes.
const (
	maxIDBytes    = 200
	maxTitleBytes = 250
	maxTextBytes  = 32 << 10
	sendTimeout   = 10 * time.Second
)

// ErrMessage: the message breaks a rule of [Message]. No later try can mend it.
var ErrMessage = errors.New("notify: message")

func check(m Message) error {
	switch {
	case m.ID == "" || len(m.ID) > maxIDBytes || strings.ContainsFunc(m.ID, func(r rune) bool { return r < '!' || r > '~' }):
		return fmt.Errorf("%w: its id is empty, too long or not printable ASCII", ErrMessage)
	case m.Title == "" || len(m.Title) > maxTitleBytes || strings.ContainsAny(m.Title, "\r\n"):
		return fmt.Errorf("%w %s: its title is empty, too long or not one line", ErrMessage, m.ID)
	case len(m.Text) > maxTextBytes:
		return fmt.Errorf("%w %s: its text has %d bytes, the cap is %d", ErrMessage, m.ID, len(m.Text), maxTextBytes)
	}
	return nil
}
