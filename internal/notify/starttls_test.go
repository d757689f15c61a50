package notify_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/keywright/keywright/internal/notify"
)

// certificate is for 127.0.0.1, signed by itself.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}

// secureServer offers STARTTLS and a login, and hands on the mail and the login as it came.
func secureServer(t *testing.T, own tls.Certificate) (string, <-chan string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	heard := make(chan string, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		in := bufio.NewReader(conn)
		_, _ = io.WriteString(conn, "220 here\r\n")
		_, _ = in.ReadString('\n') // EHLO
		_, _ = io.WriteString(conn, "250-here\r\n250 STARTTLS\r\n")
		command, _ := in.ReadString('\n')
		_, _ = io.WriteString(conn, "220 go on\r\n")
		secured := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{own}, MinVersion: tls.VersionTLS12})
		heard <- command + talk(secured)
	}()
	return listener.Addr().String(), heard
}

// talk goes on behind TLS and returns every line that it heard.
func talk(conn net.Conn) string {
	in := bufio.NewReader(conn)
	var all strings.Builder
	for inData := false; ; {
		line, err := in.ReadString('\n')
		all.WriteString(line)
		answer := "250 ok"
		switch {
		case err != nil:
			return all.String()
		case inData && line != ".\r\n":
			continue
		case inData:
			inData = false
		case strings.HasPrefix(line, "EHLO"):
			answer = "250-here\r\n250 AUTH PLAIN"
		case strings.HasPrefix(line, "AUTH"):
			answer = "235 welcome"
		case strings.HasPrefix(line, "DATA"):
			inData, answer = true, "354 go on"
		case strings.HasPrefix(line, "QUIT"):
			_, _ = io.WriteString(conn, "221 bye\r\n")
			return all.String()
		}
		_, _ = io.WriteString(conn, answer+"\r\n")
	}
}

func TestMailLogsInBehindTLSOnly(t *testing.T) {
	t.Parallel()
	own, roots := certificate(t)
	server, heard := secureServer(t, own)
	s, err := notify.NewMail(notify.MailOptions{
		Server: server, From: "k@x.invalid", To: "b@x.invalid", User: "u", Password: func() string { return "p" },
		TLS: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(t.Context(), message); err != nil {
		t.Fatal(err)
	}
	text := <-heard
	if !strings.HasPrefix(text, "STARTTLS") || !strings.Contains(text, "AUTH PLAIN ") || !strings.Contains(text, "RCPT TO:<b@x.invalid>") {
		t.Errorf("the server heard %q", text)
	}
}

func TestMailServerWithAnotherCertificateIsRefused(t *testing.T) {
	t.Parallel()
	own, _ := certificate(t)
	_, others := certificate(t)
	server, heard := secureServer(t, own)
	s, err := notify.NewMail(notify.MailOptions{
		Server: server, From: "k@x.invalid", To: "b@x.invalid",
		TLS: &tls.Config{RootCAs: others, MinVersion: tls.VersionTLS12},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(t.Context(), message); err == nil {
		t.Error("a server that nobody vouches for was trusted")
	}
	if text := <-heard; strings.Contains(text, "MAIL FROM") {
		t.Errorf("the server heard %q", text)
	}
}
