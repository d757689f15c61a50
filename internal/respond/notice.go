package respond

import (
	"context"
	"fmt"
	"strings"

	"github.com/keywright/keywright/internal/incident"
	"github.com/keywright/keywright/internal/notify"
)

// Notice tells people about incidents, by one or more senders. A notice names what leaked, where, whose it is and
// what was done, and never holds the secret.
type Notice struct {
	Sender notify.Sender
}

// Notify sends the notice of an incident. id is the same for every try of one notice.
func (n Notice) Notify(ctx context.Context, id string, about incident.Incident) error {
	return n.Sender.Send(ctx, notify.Message{
		ID: id, Title: noticeTitle(about), Text: noticeText(about), At: about.LastSeenAt,
	})
}

func noticeTitle(about incident.Incident) string {
	return fmt.Sprintf("%s leaked in %s", about.Name, about.Source)
}

func noticeText(about incident.Incident) string {
	var text strings.Builder
	line := func(name, value string) {
		if value != "" {
			_, _ = fmt.Fprintf(&text, "%s: %s\n", name, value)
		}
	}
	line("secret", about.Redacted)
	line("owner", about.Verdict.Owner)
	where := about.Location.Path
	if about.Location.Span.Line > 0 {
		where = fmt.Sprintf("%s:%d", where, about.Location.Span.Line)
	}
	line("where", where)
	line("commit", about.Location.Commit)
	line("verdict", strings.TrimSpace(string(about.Verdict.State)+" "+about.Verdict.Reason))
	for _, o := range about.Outcomes {
		line("done", fmt.Sprintf("%s %s: %s", o.Action.Kind, o.Action.Target, o.State))
	}
	line("incident", string(about.ID))
	return text.String()
}
