package dashboard

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/keywright/keywright/internal/incident"
	"github.com/keywright/keywright/issuer"
)

// Reader is what the pages show. A store is one.
type Reader interface {
	Incident(ctx context.Context, id incident.ID) (incident.Incident, error) // issuer.ErrNotFound
	Incidents(ctx context.Context, query incident.Query) (incident.Page, error)
	Keys(ctx context.Context, query issuer.KeyQuery) (issuer.KeyPage, error)
}

// pageSize is how many rows a page has.
const pageSize = 50

// maxCursorBytes is the longest cursor that is handed to the Reader.
const maxCursorBytes = 200

//go:embed templates/*.html templates/style.css
var files embed.FS

// Handler makes the pages: / and /incidents/{id} and /keys. log may be nil.
func Handler(reader Reader, log *slog.Logger) (http.Handler, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	style, err := files.ReadFile("templates/style.css")
	if err != nil {
		return nil, err
	}
	pages, err := template.New("").Funcs(template.FuncMap{
		"when":  when,
		"style": func() template.CSS { return template.CSS(style) }, //nolint:gosec // our own embedded file
	}).ParseFS(files, "templates/*.html")
	if err != nil {
		return nil, err
	}
	d := &dashboard{reader: reader, pages: pages, log: log, policy: policy(style)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", d.incidents)
	mux.HandleFunc("GET /incidents/{id}", d.incident)
	mux.HandleFunc("GET /keys", d.keys)
	return onlyHere(mux), nil
}

// policy allows the one style sheet and nothing else: no script, no image, no form, no frame.
func policy(style []byte) string {
	sum := sha256.Sum256(style)
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

// onlyHere refuses what does not come from this machine. The Host header is looked at too: a page elsewhere can make
// its own name lead to 127.0.0.1 and would then read ours as its own.
func onlyHere(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from, _, err := net.SplitHostPort(r.RemoteAddr)
		if err != nil || !loopback(from) || !loopback(hostname(r.Host)) {
			http.Error(w, "the dashboard answers on this machine only", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return host
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

type dashboard struct {
	reader Reader
	pages  *template.Template
	log    *slog.Logger
	policy string
}

func (d *dashboard) incidents(w http.ResponseWriter, r *http.Request) {
	state := incident.State(r.URL.Query().Get("state"))
	if state != "" && state != incident.StateOpen && state != incident.StateResolved {
		http.Error(w, "state is open, resolved or empty", http.StatusBadRequest)
		return
	}
	after, ok := cursor(w, r)
	if !ok {
		return
	}
	page, err := d.reader.Incidents(r.Context(), incident.Query{State: state, Limit: pageSize, After: after})
	d.show(w, r, "incidents.html", struct {
		State incident.State
		incident.Page
	}{state, page}, err)
}

func (d *dashboard) incident(w http.ResponseWriter, r *http.Request) {
	inc, err := d.reader.Incident(r.Context(), incident.ID(r.PathValue("id")))
	d.show(w, r, "incident.html", inc, err)
}

func (d *dashboard) keys(w http.ResponseWriter, r *http.Request) {
	after, ok := cursor(w, r)
	if !ok {
		return
	}
	page, err := d.reader.Keys(r.Context(), issuer.KeyQuery{Limit: pageSize, After: after})
	d.show(w, r, "keys.html", page, err)
}

func cursor(w http.ResponseWriter, r *http.Request) (string, bool) {
	after := r.URL.Query().Get("after")
	if len(after) > maxCursorBytes {
		http.Error(w, "no such page", http.StatusBadRequest)
		return "", false
	}
	return after, true
}

// show renders into memory first: a template that fails half-way must not look like a short page.
func (d *dashboard) show(w http.ResponseWriter, r *http.Request, name string, content any, err error) {
	var page bytes.Buffer
	if err == nil {
		err = d.pages.ExecuteTemplate(&page, name, content)
	}
	switch {
	case errors.Is(err, issuer.ErrNotFound):
		http.Error(w, "not found", http.StatusNotFound)
		return
	case err != nil:
		d.log.LogAttrs(r.Context(), slog.LevelError, "page failed", slog.String("page", name), slog.Any("error", err))
		http.Error(w, "the page could not be made; the log says why", http.StatusInternalServerError)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", d.policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Cache-Control", "no-store")
	_, _ = w.Write(page.Bytes())
}

// when shows a time; nothing for none.
func when(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format("2006-01-02 15:04:05 UTC")
}
