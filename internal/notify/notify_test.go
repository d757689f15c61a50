package notify_test

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/keywright/keywright/internal/notify"
)

var (
	at      = time.Date(2026, 11, 24, 7, 0, 0, 0, time.UTC)
	key     = []byte("a signing key of these tests")
	message = notify.Message{ID: "inc_1/notify/billing", Title: "A key of yours leaked: ä", Text: "in <!channel> & more\n.\nend", Link: "https://keywright.invalid/i/1", At: at}
)

type got struct {
	header http.Header
	body   []byte
}

// receiver answers with a status and hands on what it got.
func receiver(t *testing.T, status int) (string, <-chan got) {
	t.Helper()
	all := make(chan got, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
		all <- got{r.Header, body}
	}))
	t.Cleanup(server.Close)
	return server.URL, all
}

func TestWebhookIsSignedWithAStableID(t *testing.T) {
	t.Parallel()
	url, all := receiver(t, http.StatusNoContent)
	w, err := notify.NewWebhook(url, key, func() time.Time { return at }, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := w.Send(t.Context(), message); err != nil {
			t.Fatal(err)
		}
		r := <-all
		mac := hmac.New(sha256.New, key)
		fmt.Fprintf(mac, "%s.%d.%s", message.ID, at.Unix(), r.body)
		want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
		if r.header.Get(notify.HeaderSignature) != want || r.header.Get(notify.HeaderID) != message.ID {
			t.Errorf("header = %v", r.header)
		}
		var body map[string]string
		if err := json.Unmarshal(r.body, &body); err != nil || body["title"] != message.Title || body["id"] != message.ID {
			t.Errorf("body = %s, %v", r.body, err)
		}
	}
}

func TestSlackTextHoldsNoMentions(t *testing.T) {
	t.Parallel()
	url, all := receiver(t, http.StatusOK)
	s, err := notify.NewSlack(url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(t.Context(), message); err != nil {
		t.Fatal(err)
	}
	var body map[string]string
	if err := json.Unmarshal((<-all).body, &body); err != nil || strings.Contains(body["text"], "<") || !strings.Contains(body["text"], message.Title) {
		t.Errorf("text = %q, %v", body["text"], err)
	}
}

func TestRefusedMessagesAreErrorsWithoutTheAddress(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusFound, http.StatusForbidden, http.StatusInternalServerError} {
		url, all := receiver(t, status)
		s, err := notify.NewSlack(url+"/services/canary", nil)
		if err != nil {
			t.Fatal(err)
		}
		err = s.Send(t.Context(), message)
		if err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("status %d: error = %v", status, err)
		}
		if <-all; len(all) != 0 {
			t.Errorf("status %d: a redirect was followed", status)
		}
		if printed := fmt.Sprintf("%v %+v %#v", s, s, *s); strings.Contains(printed, "canary") {
			t.Errorf("printing shows the address: %s", printed)
		}
	}
	// Nobody listens there.
	s, err := notify.NewSlack("http://127.0.0.1:1/canary", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(t.Context(), message); err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("error = %v", err)
	}
}

func TestAddressesThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "canary", "http://canary.invalid/", "https://u:canary@x.invalid/", "ftp://canary.invalid/"} {
		_, webhook := notify.NewWebhook(address, key, nil, nil)
		_, slack := notify.NewSlack(address, nil)
		for _, err := range []error{webhook, slack} {
			if !errors.Is(err, notify.ErrAddress) || strings.Contains(err.Error(), "canary") {
				t.Errorf("error of %q = %v", address, err)
			}
		}
	}
	if _, err := notify.NewWebhook("https://x.invalid/", []byte("short"), nil, nil); !errors.Is(err, notify.ErrKey) {
		t.Error("a short signing key was taken")
	}
	for _, o := range []notify.MailOptions{
		{Server: "mail.invalid", From: "a@x.invalid", To: "b@x.invalid"},
		{Server: "mail.invalid:587", From: "a", To: "b@x.invalid"},
		{Server: "mail.invalid:587", From: "a@x.invalid", To: "b@x.invalid\r\nBcc: c@x.invalid"},
		{Server: "mail.invalid:587", From: "a@x.invalid", To: "b@x.invalid", User: "u"},
	} {
		if _, err := notify.NewMail(o); !errors.Is(err, notify.ErrAddress) {
			t.Errorf("error of %+v = %v", o, err)
		}
	}
}

func TestMessagesThatAreRefused(t *testing.T) {
	t.Parallel()
	s, err := notify.NewSlack("http://127.0.0.1:1/", nil)
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name string
		edit func(*notify.Message)
	}{
		{"without an id", func(m *notify.Message) { m.ID = "" }},
		{"with a line break in the id", func(m *notify.Message) { m.ID = "a\r\nb" }},
		{"with a line break in the title", func(m *notify.Message) { m.Title = "a\r\nBcc: b" }},
		{"over the cap", func(m *notify.Message) { m.Text = strings.Repeat("x", 33<<10) }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := message
			c.edit(&m)
			if err := s.Send(t.Context(), m); !errors.Is(err, notify.ErrMessage) {
				t.Errorf("error = %v", err)
			}
		})
	}
}

// mailServer speaks as much SMTP as one mail takes, without STARTTLS, and hands on the mail.
func mailServer(t *testing.T) (string, <-chan string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	mails := make(chan string, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		mails <- converse(conn)
	}()
	return listener.Addr().String(), mails
}

func converse(conn net.Conn) string {
	in := bufio.NewReader(conn)
	say := func(line string) { _, _ = io.WriteString(conn, line+"\r\n") }
	var text strings.Builder
	say("220 here")
	for inData := false; ; {
		line, err := in.ReadString('\n')
		switch {
		case err != nil:
			return text.String()
		case inData && line == ".\r\n":
			inData = false
			say("250 kept")
		case inData:
			text.WriteString(strings.TrimPrefix(line, "."))
		case strings.HasPrefix(line, "DATA"):
			inData = true
			say("354 go on")
		case strings.HasPrefix(line, "QUIT"):
			say("221 bye")
			return text.String()
		default:
			say("250 ok")
		}
	}
}

func TestMailArrivesWhole(t *testing.T) {
	t.Parallel()
	server, mails := mailServer(t)
	s, err := notify.NewMail(notify.MailOptions{Server: server, From: "Keywright <k@x.invalid>", To: "b@x.invalid"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(t.Context(), message); err != nil {
		t.Fatal(err)
	}
	m, err := mail.ReadMessage(strings.NewReader(<-mails))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || subject != message.Title || m.Header.Get("Message-Id") == "" {
		t.Errorf("header = %v, %v", m.Header, err)
	}
	text, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	if want := message.Text + "\n\n" + message.Link; err != nil || strings.TrimSpace(strings.ReplaceAll(string(text), "\r\n", "\n")) != want {
		t.Errorf("text = %q, %v; want %q", text, err, want)
	}
}

func TestMailToASilentServerEndsWithTheContext(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		if conn, err := listener.Accept(); err == nil {
			cancel() // connected, and never a word
			_, _ = io.Copy(io.Discard, conn)
			_ = conn.Close()
		}
	}()
	s, err := notify.NewMail(notify.MailOptions{Server: listener.Addr().String(), From: "a@x.invalid", To: "b@x.invalid"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(ctx, message); err == nil {
		t.Error("sent to a server that says nothing")
	}
}

// failing is a sender that fails.
type failing struct{ err error }

func (f failing) Send(context.Context, notify.Message) error { return f.err }

func TestAllGoesOnAfterAFailure(t *testing.T) {
	t.Parallel()
	url, all := receiver(t, http.StatusOK)
	s, err := notify.NewSlack(url, nil)
	if err != nil {
		t.Fatal(err)
	}
	down := errors.New("down")
	if err := (notify.All{failing{down}, s}).Send(t.Context(), message); !errors.Is(err, down) {
		t.Errorf("error = %v", err)
	}
	if len(all) != 1 {
		t.Errorf("%d messages arrived, want 1", len(all))
	}
}
