package demo

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/keywright/keywright/internal/secret"
)

// repository is the clone that the keys leak into.
type repository struct {
	ctx  context.Context //nolint:containedctx // lives for one demo; spares every step a parameter
	dir  string
	from string // what was cloned, for people
}

// git runs git in the clone, or outside one when the first argument is clone or init, with a clean
// environment: no configuration of the user's or the system's, no prompts, no fetching.
func (r *repository) git(stdin string, args ...string) (string, error) {
	cmd := exec.CommandContext(r.ctx, "git", args...)
	cmd.Stdin = strings.NewReader(stdin)
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + filepath.Dir(r.dir), "LC_ALL=C",
		"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0", "GIT_NO_LAZY_FETCH=1",
		"GIT_AUTHOR_NAME=Demo", "GIT_AUTHOR_EMAIL=demo@keywright.example",
		"GIT_COMMITTER_NAME=Demo", "GIT_COMMITTER_EMAIL=demo@keywright.example",
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*",
	}
	if args[0] != "clone" && args[0] != "init" {
		cmd.Dir = r.dir
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", args[0], err, strings.TrimSpace(stderr.String()))
	}
	return strings.TrimSpace(string(out)), nil
}

// cloneOf clones from, or generates a repository when from holds none and was not named by the user.
func cloneOf(ctx context.Context, from string, named bool, dir string) (*repository, error) {
	r := &repository{ctx: ctx, dir: dir, from: from}
	if _, err := exec.LookPath("git"); err != nil {
		return nil, errors.New("the demo needs git: install it and run keywright demo again")
	}
	if _, err := os.Lstat(filepath.Join(from, ".git")); err == nil || named {
		_, err := r.git("", "clone", "--quiet", "--no-checkout", "--", from, dir)
		return r, err
	}
	r.from = "a repository made for this demo"
	return r, r.generate()
}

// generatedCommits is the length of the history that is made when there is none to clone.
const generatedCommits = 200

func (r *repository) generate() error {
	if _, err := r.git("", "init", "--quiet", "--initial-branch=main", "--", r.dir); err != nil {
		return err
	}
	var stream strings.Builder
	for i := range generatedCommits {
		text := fmt.Sprintf("package service\n\n// Step%d is made for the demo.\nfunc Step%d() int { return %d }\n", i, i, i*i)
		message := fmt.Sprintf("Add step %d", i)
		fmt.Fprintf(&stream, "commit refs/heads/main\ncommitter Demo <demo@keywright.example> %d +0000\ndata %d\n%s\n", 1767225600+i*3600, len(message), message)
		fmt.Fprintf(&stream, "M 100644 inline service/step%d.go\ndata %d\n%s\n", i%40, len(text), text)
	}
	_, err := r.git(stream.String(), "fast-import", "--quiet")
	return err
}

// planted says where the keys were put.
type planted struct {
	added, removed string // commits on the current branch
	file           string
	branch, hidden string // the branch and its commit
	hiddenFile     string
}

// plant commits one key in a config file, deletes it in the next commit, and hides the other in base64 on a
// branch. The keys go through standard input, never through an argument.
func (r *repository) plant(open, hidden secret.Text) (planted, error) {
	p := planted{file: "config/production.env", branch: "deploy-notes", hiddenFile: "deploy/secret.yaml"}
	head, err := r.git("", "rev-parse", "--verify", "--quiet", "HEAD")
	if err != nil {
		head = "" // a clone without commits
	}
	config := "ORDERS_URL=https://api.example.com\nORDERS_API_KEY=" + open.Reveal() + "\n"
	if p.added, err = r.commit(head, p.file, config, "Configure the orders client"); err != nil {
		return p, err
	}
	if p.removed, err = r.commit(p.added, p.file, "", "Remove the key, nobody has seen it"); err != nil {
		return p, err
	}
	if _, err = r.git("", "update-ref", "HEAD", p.removed); err != nil {
		return p, err
	}
	manifest := "apiVersion: v1\nkind: Secret\nmetadata:\n  name: orders\ndata:\n  key: " +
		base64.StdEncoding.EncodeToString([]byte(hidden.Reveal())) + "\n"
	if p.hidden, err = r.commit(head, p.hiddenFile, manifest, "Note how we deploy"); err != nil {
		return p, err
	}
	_, err = r.git("", "update-ref", "refs/heads/"+p.branch, p.hidden)
	return p, err
}

// commit makes a commit on parent with one file changed, or removed when text is empty, without touching a
// work tree: the clone has none, however large the repository is.
func (r *repository) commit(parent, file, text, message string) (string, error) {
	if _, err := r.git("", "read-tree", "--empty"); err != nil {
		return "", err
	}
	if parent != "" {
		if _, err := r.git("", "read-tree", parent); err != nil {
			return "", err
		}
	}
	change := []string{"update-index", "--force-remove", file}
	if text != "" {
		blob, err := r.git(text, "hash-object", "-w", "--stdin")
		if err != nil {
			return "", err
		}
		change = []string{"update-index", "--add", "--cacheinfo", "100644," + blob + "," + file}
	}
	if _, err := r.git("", change...); err != nil {
		return "", err
	}
	tree, err := r.git("", "write-tree")
	if err != nil {
		return "", err
	}
	args := []string{"commit-tree", tree}
	if parent != "" {
		args = append(args, "-p", parent)
	}
	return r.git(message, args...)
}
