package githubapp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/bradleyfalzon/ghinstallation/v2"
	"github.com/google/go-github/v62/github"
)

// maxAnswerBytes is the longest API answer that is read.
const maxAnswerBytes = 10 << 20

// apiTimeout is the longest that one API request may take.
const apiTimeout = 15 * time.Second

// maxClients is how many narrowed tokens are kept; over it all are forgotten and asked for again.
const maxClients = 4096

// purpose is what a token is for. Each gets no more than it needs.
type purpose string

const (
	toFetch purpose = "contents:read"
	toCheck purpose = "checks:write"
)

// scope is what one token opens.
type scope struct {
	installation, repository int64
	name                     string // instead of the repository's id, where that is not known
	purpose                  purpose
}

func scopeOf(r Repository, p purpose) scope {
	s := scope{installation: r.Installation, repository: r.ID, purpose: p}
	if r.ID == 0 {
		s.name = r.Name
	}
	return s
}

// client is an API client with a token of one scope. ghinstallation renews the token before it expires.
type client struct {
	api    *github.Client
	tokens *ghinstallation.Transport
}

// client returns the one of a scope.
func (a *App) client(r Repository, p purpose) *client {
	s := scopeOf(r, p)
	a.mu.Lock()
	defer a.mu.Unlock()
	if c := a.clients[s]; c != nil {
		return c
	}
	if len(a.clients) >= maxClients {
		clear(a.clients)
	}
	c := a.newClient(s)
	a.clients[s] = c
	return c
}

// forget drops a scope's token: it was refused before it expired, because the installation was suspended, or
// its permissions changed.
func (a *App) forget(r Repository, p purpose) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.clients, scopeOf(r, p))
}

func (a *App) newClient(s scope) *client {
	capped := &cappedTransport{next: a.o.Transport}
	// Not shared between tokens: ghinstallation writes to it whenever it renews one.
	signer := ghinstallation.NewAppsTransportFromPrivateKey(capped, a.o.AppID, a.key)
	tokens := ghinstallation.NewFromAppsTransport(signer, s.installation)
	tokens.BaseURL = a.apiURL.String()
	tokens.Client = a.httpClient(capped)
	tokens.InstallationTokenOptions = &github.InstallationTokenOptions{Permissions: permissions(s.purpose)}
	if s.repository != 0 {
		tokens.InstallationTokenOptions.RepositoryIDs = []int64{s.repository}
	} else {
		tokens.InstallationTokenOptions.Repositories = []string{s.name}
	}
	return &client{api: a.api(tokens), tokens: tokens}
}

func (a *App) api(transport http.RoundTripper) *github.Client {
	api := github.NewClient(a.httpClient(transport))
	api.BaseURL = a.apiURL
	api.UserAgent = "keywright"
	return api
}

// Find returns a repository by its name, with the installation through which we see it; its ID stays 0.
// Errors: ErrGone when the App is not installed there, or no longer.
func (a *App) Find(ctx context.Context, owner, name string) (Repository, error) {
	signer := ghinstallation.NewAppsTransportFromPrivateKey(&cappedTransport{next: a.o.Transport}, a.o.AppID, a.key)
	found, response, err := a.api(signer).Apps.FindRepositoryInstallation(ctx, owner, name)
	if err != nil {
		if response != nil && response.StatusCode == http.StatusNotFound {
			err = ErrGone
		}
		return Repository{}, fmt.Errorf("find the installation of %s/%s: %w", owner, name, err)
	}
	return Repository{Installation: found.GetID(), Owner: owner, Name: name}, nil
}

func permissions(p purpose) *github.InstallationPermissions {
	read, write := "read", "write"
	switch p {
	case toFetch:
		return &github.InstallationPermissions{Contents: &read, Metadata: &read}
	case toCheck:
		return &github.InstallationPermissions{Checks: &write, Metadata: &read}
	default:
		return &github.InstallationPermissions{}
	}
}

// httpClient follows redirects (a renamed repository) on the API's own host only: the transport below adds the
// token to every request, also to one that a redirect sent elsewhere.
func (a *App) httpClient(transport http.RoundTripper) *http.Client {
	return &http.Client{
		Transport: transport,
		Timeout:   apiTimeout,
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if r.URL.Host != a.apiURL.Host || r.URL.Scheme != a.apiURL.Scheme {
				return errors.New("GitHub redirects to another host")
			}
			if len(via) >= 5 {
				return errors.New("GitHub redirects in circles")
			}
			return nil
		},
	}
}

// token is the scope's current token. It goes to git's environment and nowhere else.
func (c *client) token(ctx context.Context) (string, error) {
	text, err := c.tokens.Token(ctx)
	var refused *ghinstallation.HTTPError
	if errors.As(err, &refused) && refused.Response != nil {
		_ = refused.Response.Body.Close() // ghinstallation leaves it open
	}
	if err != nil {
		return "", fmt.Errorf("get an installation token: %w", err)
	}
	return text, nil
}

// cappedTransport limits what is read of an answer.
type cappedTransport struct{ next http.RoundTripper }

func (t *cappedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	response.Body = &cappedBody{Reader: io.LimitReader(response.Body, maxAnswerBytes), Closer: response.Body}
	return response, nil
}

type cappedBody struct {
	io.Reader
	io.Closer
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
