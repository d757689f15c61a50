package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
)

// ErrAddress: a receiver's address is none, or would send in clear. The address is not in the error.
var ErrAddress = errors.New("notify: address")

// maxAnswerBytes is what is read of an answer so that its connection can be used again.
const maxAnswerBytes = 64 << 10

// poster posts to one URL, which no print of it shows: a chat's URL is a secret.
type poster struct {
	post func(ctx context.Context, body []byte, header http.Header) (status int, err error)
}

// newPoster takes https, or http to this machine. transport nil means http.DefaultTransport.
func newPoster(address string, transport http.RoundTripper) (poster, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil {
		return poster{}, fmt.Errorf("%w: not a URL", ErrAddress)
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return poster{}, fmt.Errorf("%w: not https", ErrAddress)
	}
	client := &http.Client{
		Transport: transport, Timeout: sendTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return poster{post: func(ctx context.Context, body []byte, header http.Header) (int, error) {
		return post(ctx, client, u.String(), body, header)
	}}, nil
}

func post(ctx context.Context, client *http.Client, address string, body []byte, header http.Header) (int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return 0, ErrAddress
	}
	r.Header = header
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "keywright")
	response, err := client.Do(r)
	if err != nil {
		var outer *url.Error
		if errors.As(err, &outer) {
			err = outer.Err // the outer error shows the URL
		}
		return 0, err
	}
	_, _ = io.CopyN(io.Discard, response.Body, maxAnswerBytes)
	return response.StatusCode, response.Body.Close()
}

// accepted turns an answer into an error.
func accepted(id string, status int, err error) error {
	if err != nil {
		return fmt.Errorf("send message %s: %w", id, err)
	}
	if status/100 != 2 {
		return fmt.Errorf("send message %s: the receiver answered %d", id, status)
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
