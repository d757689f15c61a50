package githubtest

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v4"
)

// token is an installation token.
type token struct {
	installation int64
	repos        []int64 // empty: all of the installation
	permissions  map[string]string
	expires      time.Time
}

// app says whether a request carries a token that the App's private key signed.
func (s *Server) app(r *http.Request) bool {
	text, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return false
	}
	var claims jwt.RegisteredClaims
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}))
	_, err := parser.ParseWithClaims(text, &claims, func(*jwt.Token) (any, error) { return &s.key.PublicKey, nil })
	return err == nil && claims.Issuer == strconv.FormatInt(s.AppID, 10)
}

// mayAPI says what an API request may not do, or nothing.
func (s *Server) mayAPI(r *http.Request, repo *Repository, permission, level string) *answer {
	scheme, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if scheme != "token" && scheme != "Bearer" {
		a := refuse(http.StatusUnauthorized, "Requires authentication")
		return &a
	}
	return s.may(text, repo, permission, level)
}

func (s *Server) may(text string, repo *Repository, permission, level string) *answer {
	s.mu.Lock()
	t := s.tokens[text]
	s.mu.Unlock()
	var a answer
	switch {
	case t == nil || !s.Now().Before(t.expires):
		a = refuse(http.StatusUnauthorized, "Bad credentials")
	case repo == nil || t.installation != repo.Installation || len(t.repos) > 0 && !slices.Contains(t.repos, repo.ID):
		a = refuse(http.StatusNotFound, "Not Found")
	case t.permissions[permission] != level && t.permissions[permission] != "write":
		a = refuse(http.StatusForbidden, "Resource not accessible by integration")
	default:
		return nil
	}
	return &a
}

// Revoke makes every token that was given out so far worthless, as an uninstalled or suspended App's are.
func (s *Server) Revoke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.tokens)
}

// makeToken answers POST /app/installations/{id}/access_tokens.
func (s *Server) makeToken(r *http.Request, installation int64, body []byte) answer {
	if !s.app(r) {
		return refuse(http.StatusUnauthorized, "A JSON web token could not be decoded")
	}
	var asked struct {
		RepositoryIDs []int64           `json:"repository_ids"`
		Repositories  []string          `json:"repositories"`
		Permissions   map[string]string `json:"permissions"`
	}
	if err := json.Unmarshal(orEmpty(body), &asked); err != nil {
		return refuse(http.StatusUnprocessableEntity, "Problems parsing JSON")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range asked.Repositories {
		asked.RepositoryIDs = append(asked.RepositoryIDs, s.idOf(installation, name))
	}
	if !s.holds(installation, asked.RepositoryIDs) {
		return refuse(http.StatusNotFound, "Not Found")
	}
	permissions := asked.Permissions
	if len(permissions) == 0 {
		permissions = map[string]string{"contents": "read", "metadata": "read", "checks": "write", "pull_requests": "write"}
	}
	t := &token{installation, asked.RepositoryIDs, permissions, s.Now().Add(s.TokenLife)}
	text := tokenText(s.AppID)
	s.tokens[text] = t
	return answer{http.StatusCreated, fill(s.contract.schema("installation-token"), map[string]any{
		"token": text, "expires_at": t.expires.UTC().Format(time.RFC3339), "permissions": permissions,
	})}
}

// installationOf answers GET /repos/{owner}/{repo}/installation.
func (s *Server) installationOf(r *http.Request, repo *Repository) answer {
	switch {
	case !s.app(r):
		return refuse(http.StatusUnauthorized, "A JSON web token could not be decoded")
	case repo == nil:
		return refuse(http.StatusNotFound, "Not Found")
	default:
		return answer{http.StatusOK, fill(s.contract.schema("installation"), map[string]any{
			"id": repo.Installation, "app_id": s.AppID, "events": []string{"push"},
		})}
	}
}

// idOf is the id of an installation's repository; 0 when there is none. s.mu is held.
func (s *Server) idOf(installation int64, name string) int64 {
	for _, r := range s.repos {
		if r.Installation == installation && r.Name == name {
			return r.ID
		}
	}
	return 0
}

// holds says whether an installation exists and holds all these repositories. s.mu is held.
func (s *Server) holds(installation int64, ids []int64) bool {
	own := map[int64]bool{}
	for _, r := range s.repos {
		if r.Installation == installation {
			own[r.ID] = true
		}
	}
	for _, id := range ids {
		if !own[id] {
			return false
		}
	}
	return len(own) > 0
}

// tokenText has the newer shape of GitHub's tokens: some 520 characters with two dots (github.blog changelog,
// 2026-04). It is made in the test and opens nothing.
func tokenText(app int64) string {
	var random strings.Builder
	for random.Len() < 440 {
		random.WriteString(rand.Text())
	}
	text := random.String()
	return fmt.Sprintf("ghs_%d_%s.%s.%s", app, text[:40], text[40:300], text[300:])
}

func orEmpty(body []byte) []byte {
	if len(body) == 0 {
		return []byte("{}")
	}
	return body
}
