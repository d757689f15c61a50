package notify

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/smtp"
	"strings"
	"time"
)

// MailOptions says through which server a mail goes.
type MailOptions struct {
	Server   string // host:port, of submission: 587
	From, To string // one address each
	User     string // empty: no login
	Password func() string
	TLS      *tls.Config // nil means the system's roots and the server's name
}

// Mail sends by SMTP with STARTTLS. Made by [NewMail].
type Mail struct {
	o        MailOptions
	host     string
	from, to mail.Address
}

// NewMail makes a sender. Errors: ErrAddress.
func NewMail(o MailOptions) (*Mail, error) {
	host, _, err := net.SplitHostPort(o.Server)
	if err != nil || host == "" {
		return nil, fmt.Errorf("%w: the mail server is not host:port", ErrAddress)
	}
	from, fromErr := mail.ParseAddress(o.From)
	to, toErr := mail.ParseAddress(o.To)
	if fromErr != nil || toErr != nil {
		return nil, fmt.Errorf("%w: from or to is no mail address", ErrAddress)
	}
	if o.User != "" && o.Password == nil {
		return nil, fmt.Errorf("%w: a user without a password", ErrAddress)
	}
	return &Mail{o: o, host: host, from: *from, to: *to}, nil
}

// Send implements [Sender]. A server without STARTTLS is refused, unless it is on this machine.
func (s *Mail) Send(ctx context.Context, m Message) error {
	if err := check(m); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	if err := s.send(ctx, s.compose(m)); err != nil {
		return fmt.Errorf("send message %s by mail: %w", m.ID, err)
	}
	return nil
}

func (s *Mail) send(ctx context.Context, text []byte) (err error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.o.Server)
	if err != nil {
		return err
	}
	// net/smtp knows no contexts: closing the connection ends whatever it waits for.
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	client, err := smtp.NewClient(conn, s.host)
	if err != nil {
		_ = conn.Close()
		return err
	}
	defer func() { err = errors.Join(err, ignoreClosed(client.Close())) }()
	if err := s.secure(client); err != nil {
		return err
	}
	if err := errors.Join(client.Mail(s.from.Address), client.Rcpt(s.to.Address)); err != nil {
		return err
	}
	w, err := client.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(text); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return client.Quit()
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func (s *Mail) secure(client *smtp.Client) error {
	if offered, _ := client.Extension("STARTTLS"); offered {
		config := &tls.Config{MinVersion: tls.VersionTLS12}
		if s.o.TLS != nil {
			config = s.o.TLS.Clone()
		}
		config.ServerName = s.host
		if err := client.StartTLS(config); err != nil {
			return err
		}
	} else if !loopback(s.host) {
		return errors.New("the server offers no STARTTLS: the mail would go in clear")
	}
	if s.o.User == "" {
		return nil
	}
	return client.Auth(smtp.PlainAuth("", s.o.User, s.o.Password(), s.host))
}

// compose writes the mail. Its Message-ID is made of the message's id, so that a mailbox can drop repeats.
func (s *Mail) compose(m Message) []byte {
	var b bytes.Buffer
	sum := sha256.Sum256([]byte(m.ID))
	_, domain, _ := strings.Cut(s.from.Address, "@")
	header := [][2]string{
		{"From", s.from.String()},
		{"To", s.to.String()},
		{"Subject", mime.QEncoding.Encode("utf-8", m.Title)},
		{"Date", m.At.UTC().Format(time.RFC1123Z)},
		{"Message-ID", "<" + hex.EncodeToString(sum[:16]) + "@" + domain + ">"},
		{"Auto-Submitted", "auto-generated"},
		{"MIME-Version", "1.0"},
		{"Content-Type", "text/plain; charset=utf-8"},
		{"Content-Transfer-Encoding", "quoted-printable"},
	}
	for _, h := range header {
		b.WriteString(h[0] + ": " + h[1] + "\r\n")
	}
	b.WriteString("\r\n")
	text := m.Text
	if m.Link != "" {
		text += "\n\n" + m.Link + "\n"
	}
	w := quotedprintable.NewWriter(&b)
	_, _ = w.Write([]byte(strings.ReplaceAll(text, "\n", "\r\n"))) // a buffer never fails
	_ = w.Close()
	return b.Bytes()
}
