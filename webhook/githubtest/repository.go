package githubtest

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Repository is one bare repository on disk, served by git's own server.
type Repository struct {
	ID           int64
	Owner, Name  string
	Installation int64
	Dir          string

	server *Server
}

// FullName is "owner/name".
func (r *Repository) FullName() string { return r.Owner + "/" + r.Name }

// AddRepository makes an empty repository in the App's installation of that owner.
func (s *Server) AddRepository(owner, name string) *Repository {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &Repository{ID: s.nextID(), Owner: owner, Name: name, server: s}
	for _, other := range s.repos {
		if other.Owner == owner {
			r.Installation = other.Installation
		}
	}
	if r.Installation == 0 {
		r.Installation = s.nextID()
	}
	r.Dir = filepath.Join(s.root, owner, name+".git")
	if err := os.MkdirAll(filepath.Dir(r.Dir), 0o750); err != nil {
		s.t.Fatal(err)
	}
	r.run(nil, "init", "--quiet", "--bare", "--initial-branch=main", r.Dir)
	// What github.com serves: objects by id, and filters.
	r.Git("config", "uploadpack.allowAnySHA1InWant", "true")
	r.Git("config", "uploadpack.allowFilter", "true")
	s.repos[r.FullName()] = r
	return r
}

// Repository finds one by its full name; nil when there is none.
func (s *Server) Repository(fullName string) *Repository {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.repos[fullName]
}

// Git runs git in the repository and returns what it printed, without the last line break. A failure ends the test.
func (r *Repository) Git(args ...string) string {
	r.server.t.Helper()
	return r.run(nil, append([]string{"-C", r.Dir}, args...)...)
}

// Change is one commit to make.
type Change struct {
	Message string
	Files   map[string][]byte // by path; nil content deletes
}

// Commit makes one commit on a branch, see [Repository.Commits].
func (r *Repository) Commit(branch, message string, files map[string][]byte) (before, after string) {
	r.server.t.Helper()
	return r.Commits(branch, Change{message, files})
}

// Commits makes commits on a branch and moves the branch to the last. A branch that does not exist starts empty.
// It returns the ids of the branch before and after; before is all zeros for a new branch.
func (r *Repository) Commits(branch string, changes ...Change) (before, after string) {
	r.server.t.Helper()
	ref := "refs/heads/" + branch
	before = r.Git("for-each-ref", "--format=%(objectname)", ref)
	var stream bytes.Buffer
	for i, change := range changes {
		at := r.server.Now().Unix()
		fmt.Fprintf(&stream, "commit %s\nauthor %s %d +0000\ncommitter %s %d +0000\n", ref, person, at, person, at)
		fmt.Fprintf(&stream, "data %d\n%s\n", len(change.Message), change.Message)
		if i == 0 && before != "" {
			fmt.Fprintf(&stream, "from %s\n", before)
		}
		for _, path := range slices.Sorted(maps.Keys(change.Files)) {
			if text := change.Files[path]; text != nil {
				fmt.Fprintf(&stream, "M 100644 inline %s\ndata %d\n%s\n", quote(path), len(text), text)
			} else {
				fmt.Fprintf(&stream, "D %s\n", quote(path))
			}
		}
	}
	stream.WriteString("done\n")
	r.run(stream.Bytes(), "-C", r.Dir, "fast-import", "--quiet", "--done")
	after = r.Git("rev-parse", "--verify", ref)
	if before == "" {
		before = strings.Repeat("0", len(after))
	}
	return before, after
}

const person = "Octo Cat <octo@github.invalid>"

// quote writes a path as fast-import reads it, whatever is in it.
func quote(path string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(path) + `"`
}

func (r *Repository) run(stdin []byte, args ...string) string {
	r.server.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Env = cleanEnv()
	cmd.Stdin = bytes.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		r.server.t.Fatalf("git %s: %v: %s", strings.Join(args, " "), err, stderr.String())
	}
	return strings.TrimSuffix(string(out), "\n")
}

// cleanEnv keeps the configuration of whoever runs the test out.
func cleanEnv() []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=/nonexistent", "LC_ALL=C",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
	}
}
