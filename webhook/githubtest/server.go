package githubtest

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	apiPrefix    = "/api/v3" // as on GitHub Enterprise Server
	maxBodyBytes = 64 << 20  // of one request, also of git's
	keyBits      = 2048      // GitHub's own App keys
	tokenLife    = time.Hour // docs.github.com, "Generating an installation access token", read 2026-11-23
)

// Options says how the fake behaves. The zero value is usable.
type Options struct {
	WebhookSecret []byte           // signs deliveries; nil means a random one
	TokenLife     time.Duration    // 0 means one hour
	Now           func() time.Time // nil means time.Now
	// Intercept, when it returns true, has answered a request itself: a fault. It is called for API and git
	// requests, before any check, from several goroutines.
	Intercept func(http.ResponseWriter, *http.Request) bool
}

// Server is one fake GitHub with one App. Safe for concurrent use.
type Server struct {
	Options
	AppID int64
	URL   string // scheme and host

	t        testing.TB
	key      *rsa.PrivateKey
	root     string // where the bare repositories are
	contract *contract

	sending sync.WaitGroup // redeliveries that the App asked for

	mu         sync.Mutex
	repos      map[string]*Repository // by full name
	tokens     map[string]*token
	checks     map[int64]*CheckRun
	deliveries []Delivery
	requests   []Request
	lastID     int64
}

// Request is one request that the fake received.
type Request struct {
	Method string
	URI    string // as it came: path and query
	Status int    // 0 while it is worked on
}

// appKey is one key for all fakes of a process: making one takes longer than most tests.
var appKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, keyBits) })

// New starts a fake GitHub that lives as long as the test.
func New(t testing.TB, o Options) *Server {
	t.Helper()
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.TokenLife == 0 {
		o.TokenLife = tokenLife
	}
	if o.WebhookSecret == nil {
		o.WebhookSecret = []byte(rand.Text())
	}
	contract, err := loadContract()
	if err != nil {
		t.Fatal(err)
	}
	key, err := appKey()
	if err != nil {
		t.Fatalf("make the App's key: %v", err)
	}
	s := &Server{
		Options: o, AppID: 4711, t: t, key: key, root: t.TempDir(), contract: contract, lastID: 1000,
		repos: map[string]*Repository{}, tokens: map[string]*token{}, checks: map[int64]*CheckRun{},
	}
	server := httptest.NewServer(s)
	t.Cleanup(func() {
		s.sending.Wait()
		server.Close()
	})
	s.URL = server.URL
	return s
}

// APIURL is the base of the REST API, with a slash at its end, as GitHub Enterprise Server has it.
func (s *Server) APIURL() string { return s.URL + apiPrefix + "/" }

// GitURL is the base of the git server, with a slash at its end.
func (s *Server) GitURL() string { return s.URL + "/" }

// KeyPEM is the App's private key as GitHub hands it out: PKCS #1 in PEM.
func (s *Server) KeyPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(s.key)})
}

// Requests are the requests so far, in the order of their arrival.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.requests...)
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests = append(s.requests, Request{Method: r.Method, URI: r.RequestURI})
	at := len(s.requests) - 1
	s.mu.Unlock()
	noted := &statusWriter{ResponseWriter: w}
	s.serve(noted, r)
	s.mu.Lock()
	s.requests[at].Status = noted.status
	s.mu.Unlock()
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if s.Intercept != nil && s.Intercept(w, r) {
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	if err != nil {
		http.Error(w, "body: "+err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	if !strings.HasPrefix(r.URL.Path, apiPrefix+"/") {
		s.git(w, r, body)
		return
	}
	r.URL.Path = strings.TrimPrefix(r.URL.Path, apiPrefix)
	s.api(w, r, body)
}

// api checks a request against the description, answers it, and checks the answer.
func (s *Server) api(w http.ResponseWriter, r *http.Request, body []byte) {
	asked, known, err := s.contract.request(r.Context(), r, body)
	if err != nil {
		s.t.Errorf("request %s %s is not GitHub's: %v", r.Method, r.URL.Path, err)
		status := http.StatusUnprocessableEntity
		if !known {
			status = http.StatusNotFound
		}
		http.Error(w, `{"message":"not in the description"}`, status)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	a := s.answer(r, body)
	text, err := json.Marshal(a.body)
	if err != nil {
		s.t.Errorf("answer to %s %s: %v", r.Method, r.URL.Path, err)
		return
	}
	header := http.Header{"Content-Type": {"application/json; charset=utf-8"}}
	// GitHub answers 401 on every path; its description says so on few.
	if a.status != http.StatusUnauthorized {
		if err := asked.response(r.Context(), a.status, header, text); err != nil {
			s.t.Errorf("answer %d to %s %s is not GitHub's: %v", a.status, r.Method, r.URL.Path, err)
		}
	}
	w.Header().Set("Content-Type", header.Get("Content-Type"))
	w.WriteHeader(a.status)
	_, _ = w.Write(text)
}

// answer is what the fake says to an API request.
type answer struct {
	status int
	body   any
}

func refuse(status int, message string) answer {
	return answer{status, map[string]any{"message": message, "documentation_url": "", "status": strconv.Itoa(status)}}
}

// nextID numbers everything from one sequence, so that an id used for the wrong kind is found. s.mu is held.
func (s *Server) nextID() int64 {
	s.lastID++
	return s.lastID
}

// statusWriter remembers the status.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}
