package githubtest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/cgi"
	"os/exec"
	"strings"
)

// git answers git's smart HTTP by git's own server program, for tokens that may read contents.
func (s *Server) git(w http.ResponseWriter, r *http.Request, body []byte) {
	parts := strings.SplitN(strings.TrimPrefix(r.URL.Path, "/"), "/", 3)
	if len(parts) < 3 {
		http.NotFound(w, r)
		return
	}
	// GitHub serves a repository with and without ".git".
	name := strings.TrimSuffix(parts[1], ".git")
	repo := s.Repository(parts[0] + "/" + name)
	user, password, _ := r.BasicAuth()
	if user != "x-access-token" {
		w.Header().Set("WWW-Authenticate", `Basic realm="GitHub"`)
		http.Error(w, "authentication required", http.StatusUnauthorized)
		return
	}
	if no := s.may(password, repo, "contents", "read"); no != nil {
		http.Error(w, "Repository not found.", no.status)
		return
	}
	program, err := exec.LookPath("git")
	if err != nil {
		s.t.Errorf("find git: %v", err)
		http.Error(w, "no git", http.StatusInternalServerError)
		return
	}
	handler := cgi.Handler{
		Path: program, Args: []string{"http-backend"}, Dir: s.root,
		Env:    append(cleanEnv(), "GIT_PROJECT_ROOT="+s.root, "GIT_HTTP_EXPORT_ALL=1", "REMOTE_USER="+user),
		Stderr: io.Discard, // what a client asks in vain is also said to the client
	}
	clone := r.Clone(r.Context())
	clone.URL.Path = "/" + parts[0] + "/" + name + ".git/" + parts[2]
	// CGI has no chunked bodies: the length must be known.
	clone.Body, clone.ContentLength, clone.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	clone.Header.Del("Authorization")
	handler.ServeHTTP(w, clone)
}
