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

// Commit makes a commit on a branch and moves the branch to it. files are the paths that it changes; nil content
// deletes one. A branch that does not exist starts empty. It returns the ids of the branch before and after;
// before is all zeros for a new branch.
func (r *Repository) Commit(branch, message string, files map[string][]byte) (before, after string) {
	r.server.t.Helper()
	ref := "refs/heads/" + branch
	index := "GIT_INDEX_FILE=" + filepath.Join(r.server.t.TempDir(), "index")
	before = r.run(nil, "-C", r.Dir, "for-each-ref", "--format=%(objectname)", ref)
	commit := []string{"-C", r.Dir, "commit-tree", "-m", message}
	if before != "" {
		r.run([]string{index}, "-C", r.Dir, "read-tree", before)
		commit = append(commit, "-p", before)
	}
	var entries bytes.Buffer
	for _, path := range slices.Sorted(maps.Keys(files)) {
		if files[path] == nil {
			fmt.Fprintf(&entries, "0 %040d\t%s\x00", 0, path)
			continue
		}
		id := r.exec(nil, files[path], "-C", r.Dir, "hash-object", "-w", "--stdin")
		fmt.Fprintf(&entries, "100644 %s\t%s\x00", id, path)
	}
	r.exec([]string{index}, entries.Bytes(), "-C", r.Dir, "update-index", "-z", "--index-info")
	tree := r.run([]string{index}, "-C", r.Dir, "write-tree")
	after = r.run(nil, append(commit, tree)...)
	r.Git("update-ref", ref, after)
	if before == "" {
		before = strings.Repeat("0", len(after))
	}
	return before, after
}

func (r *Repository) run(env []string, args ...string) string {
	r.server.t.Helper()
	return r.exec(env, nil, args...)
}

func (r *Repository) exec(env []string, stdin []byte, args ...string) string {
	r.server.t.Helper()
	cmd := exec.Command("git", args...) //nolint:gosec,noctx // the test's own arguments
	cmd.Env = append(cleanEnv(), env...)
	cmd.Stdin = bytes.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		r.server.t.Fatalf("git %s: %v: %s", strings.Join(args, " "), err, stderr.String())
	}
	return strings.TrimSuffix(string(out), "\n")
}

// cleanEnv keeps the configuration of whoever runs the test out, and commits the same everywhere.
func cleanEnv() []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=/nonexistent", "LC_ALL=C",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_AUTHOR_NAME=Octo Cat", "GIT_AUTHOR_EMAIL=octo@github.invalid",
		"GIT_COMMITTER_NAME=Octo Cat", "GIT_COMMITTER_EMAIL=octo@github.invalid",
	}
}
