package githubapp

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"

	"github.com/golang-jwt/jwt/v4"
)

// Where github.com is. On GitHub Enterprise Server they are https://HOST/api/v3/ and https://HOST/; for
// SUB.ghe.com https://api.SUB.ghe.com/ and https://SUB.ghe.com/.
const (
	DefaultAPIURL = "https://api.github.com/"
	DefaultGitURL = "https://github.com/"
)

// DefaultMaxFetch is the cap of one fetch, in bytes on disk.
const DefaultMaxFetch int64 = 1 << 30

// Options says which App we are and where its GitHub is.
type Options struct {
	AppID    int64
	KeyFile  string // the App's private key in PEM, as GitHub hands it out
	APIURL   string // empty means [DefaultAPIURL]
	GitURL   string // empty means [DefaultGitURL]
	TempDir  string // for fetched repositories; empty means the system's
	MaxFetch int64  // bytes; 0 means [DefaultMaxFetch]
	// Transport carries API requests; nil means http.DefaultTransport.
	Transport http.RoundTripper
}

// Errors that no later try can mend, or that a caller decides on.
var (
	ErrOptions  = errors.New("githubapp: options")
	ErrGone     = errors.New("githubapp: GitHub no longer serves the commit")
	ErrTooLarge = errors.New("githubapp: the fetch is over its cap")
)

// Repository names a repository and the installation through which we may see it.
type Repository struct {
	Installation int64
	ID           int64
	Owner, Name  string
}

// FullName is "owner/name".
func (r Repository) FullName() string { return r.Owner + "/" + r.Name }

// App is one GitHub App. Safe for concurrent use.
type App struct {
	o       Options
	key     *rsa.PrivateKey
	apiURL  *url.URL
	gitURL  *url.URL
	mu      sync.Mutex
	clients map[scope]*client
}

// New reads the private key. ErrOptions: an option is missing or no URL, or the key is none; its text is never
// in the error.
func New(o Options) (*App, error) {
	o.APIURL = or(o.APIURL, DefaultAPIURL)
	o.GitURL = or(o.GitURL, DefaultGitURL)
	if o.MaxFetch == 0 {
		o.MaxFetch = DefaultMaxFetch
	}
	if o.Transport == nil {
		o.Transport = http.DefaultTransport
	}
	if o.AppID <= 0 || o.MaxFetch < 0 {
		return nil, fmt.Errorf("%w: App id %d, fetch cap %d", ErrOptions, o.AppID, o.MaxFetch)
	}
	a := &App{o: o, clients: map[scope]*client{}}
	var err error
	if a.apiURL, err = base(o.APIURL); err != nil {
		return nil, err
	}
	if a.gitURL, err = base(o.GitURL); err != nil {
		return nil, err
	}
	if a.key, err = readKey(o.KeyFile); err != nil {
		return nil, err
	}
	return a, nil
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// base takes http only for loopback: elsewhere the token would be readable on its way.
func base(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("%w: not a plain base URL", ErrOptions)
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return nil, fmt.Errorf("%w: %s is not https", ErrOptions, u.Host)
	}
	if !strings.HasSuffix(u.Path, "/") {
		u.Path += "/"
	}
	return u, nil
}

func readKey(file string) (*rsa.PrivateKey, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the App's private key: %w", err)
	}
	key, err := jwt.ParseRSAPrivateKeyFromPEM(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %s holds no RSA private key in PEM", ErrOptions, file)
	}
	return key, nil
}
