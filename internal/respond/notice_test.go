package respond_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/keywright/keywright/internal/incident"
	"github.com/keywright/keywright/internal/notify"
	"github.com/keywright/keywright/internal/respond"
	"github.com/keywright/keywright/scanner"
)

// outbox keeps what is sent.
type outbox struct{ sent []notify.Message }

func (o *outbox) Send(_ context.Context, m notify.Message) error {
	o.sent = append(o.sent, m)
	return nil
}

func TestANoticeSaysWhatWhereWhoseAndWhatWasDone(t *testing.T) {
	t.Parallel()
	inc := live(1)
	inc.Name, inc.Redacted, inc.Source = "Key issued by Keywright", "acme_live_000000000000…(redacted)", "acme/shop"
	inc.Location = scanner.Location{Path: "a.env", Commit: "c0ffee", Span: scanner.Span{Line: 7}}
	inc.Outcomes = []incident.Outcome{{Action: incident.Action{Kind: incident.ActionRevoke, Target: "key01"}, State: incident.OutcomeDone, At: time.Now()}}
	box := &outbox{}
	if err := (respond.Notice{Sender: box}).Notify(t.Context(), "id-1", inc); err != nil {
		t.Fatal(err)
	}
	m := box.sent[0]
	if m.ID != "id-1" || m.Title != "Key issued by Keywright leaked in acme/shop" {
		t.Errorf("id %q, title %q", m.ID, m.Title)
	}
	for _, want := range []string{"…(redacted)", "owner: billing", "where: a.env:7", "commit: c0ffee", "verdict: live", "done: revoke key01: done", "incident: inc_01"} {
		if !strings.Contains(m.Text, want) {
			t.Errorf("the notice does not say %q:\n%s", want, m.Text)
		}
	}
}
