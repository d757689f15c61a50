package gitsource

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"time"
)

// shim is an empty bare repository of our own, through which git reads the objects of theirs: it has the same
// object format, links to their objects, a copy of their refs and shallow boundary, and none of their
// configuration.
//
// Measured on git 2.39: `git cat-file --batch` in a partial clone runs what remote.origin.uploadpack names, and
// -c overrides do not stop it. Here there is no such setting to be found.
type shim struct {
	dir     string // empty before make
	git     string
	repo    *Repository
	store   *store // of what is linked
	mu      sync.Mutex
	mounts  []*mounted
	made    sync.Once
	makeErr error
	mounted sync.Once
	err     error // of the mounting
}

// errStart says that git was not even started, so that no object is to blame.
var errStart = errors.New("start git")

// waitAfterKill is how long a killed git may hold its pipes.
const waitAfterKill = 5 * time.Second

func newShim(r *Repository) *shim { return &shim{git: r.options.Git, repo: r, store: &store{repo: r}} }

// make makes the shim's folder, once: what is read without git needs none.
func (s *shim) make() error {
	s.made.Do(func() {
		dir, err := os.MkdirTemp(s.repo.options.TempDir, "keywright-git-")
		if err == nil {
			s.dir, err = filepath.Abs(dir) // git is started in it, so a relative TMPDIR would mean another folder there
		}
		if err == nil {
			err = s.write(s.repo.format)
		}
		if err != nil {
			s.makeErr = fmt.Errorf("make a temporary repository: %w", err)
		}
	})
	return s.makeErr
}

func (s *shim) remove() error {
	if s.dir == "" {
		return nil
	}
	return os.RemoveAll(s.dir)
}

func (s *shim) path(name string) string { return filepath.Join(s.dir, name) }

// write makes the least that git takes for a repository.
func (s *shim) write(format objectFormat) error {
	config := "[core]\n\tbare = true\n\trepositoryformatversion = 0\n"
	if format == formatSHA256 {
		config = "[core]\n\tbare = true\n\trepositoryformatversion = 1\n[extensions]\n\tobjectformat = sha256\n"
	}
	for _, sub := range []string{"objects", "refs", "tmp"} {
		if err := os.Mkdir(s.path(sub), 0o700); err != nil {
			return err
		}
	}
	return errors.Join(
		os.WriteFile(s.path("config"), []byte(config), 0o600),
		os.WriteFile(s.path("HEAD"), []byte("ref: refs/heads/none\n"), 0o600))
}

// mount links the objects and copies refs and shallow boundary, once.
func (s *shim) mount(ctx context.Context) error {
	s.mounted.Do(func() {
		if s.err = s.make(); s.err != nil {
			return
		}
		refs := s.repo.allRefs(ctx) // before the objects, so that what a ref leads to is among them
		s.err = errors.Join(
			s.repo.mountObjects(s.path("objects")),
			s.copyRefs(refs),
			s.writeShallow(s.repo.shallow()))
	})
	return s.err
}

// copyRefs writes their refs as our packed refs, so that git resolves their names. Only names and ids that were
// parsed are written, never their bytes.
func (s *shim) copyRefs(t *refTable) error {
	lines := make([]string, 0, len(t.refs))
	for _, ref := range t.refs {
		if !ref.worktree && safeRefName(ref.name) {
			lines = append(lines, s.repo.format.hex(ref.id)+" "+ref.name+"\n")
		}
	}
	sort.Slice(lines, func(i, j int) bool { return refPart(lines[i]) < refPart(lines[j]) })
	packed := "# pack-refs with: sorted \n" + strings.Join(lines, "")
	head := "ref: refs/heads/none\n"
	switch {
	case safeRefName(t.headRef):
		head = "ref: " + t.headRef + "\n"
	case t.hasHead:
		head = s.repo.format.hex(t.head) + "\n"
	}
	return errors.Join(
		os.WriteFile(s.path("packed-refs"), []byte(packed), 0o600),
		os.WriteFile(s.path("HEAD"), []byte(head), 0o600))
}

func refPart(line string) string {
	_, name, _ := strings.Cut(line, " ")
	return name
}

// writeShallow tells git at which commits to stop.
func (s *shim) writeShallow(ids []oid) error {
	if len(ids) == 0 {
		return nil
	}
	if err := s.make(); err != nil {
		return err
	}
	var b strings.Builder
	for _, id := range ids {
		b.WriteString(s.repo.format.hex(id) + "\n")
	}
	return os.WriteFile(s.path("shallow"), []byte(b.String()), 0o600)
}

// environment is all that git gets to see of the world.
func (s *shim) environment() []string {
	env := []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir, "TMPDIR=" + s.path("tmp"), "LC_ALL=C",
		"GIT_DIR=" + s.dir, "GIT_INDEX_FILE=" + s.path("index"),
		"GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_SYSTEM=" + os.DevNull, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_ATTR_NOSYSTEM=1", "GIT_NO_LAZY_FETCH=1", "GIT_NO_REPLACE_OBJECTS=1", "GIT_OPTIONAL_LOCKS=0",
		"GIT_TERMINAL_PROMPT=0", "GIT_ALLOW_PROTOCOL=",
	}
	if root := os.Getenv("SYSTEMROOT"); root != "" { // Windows programs do not start without it
		env = append(env, "SYSTEMROOT="+root)
	}
	return env
}

// process is a running git.
type process struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	stderr *headWriter
	cancel context.CancelFunc
	shim   *shim
}

// start runs git with its arguments; without a shell, in the shim.
func (s *shim) start(ctx context.Context, args ...string) (*process, error) {
	if err := errors.Join(s.mount(ctx), s.refresh()); err != nil {
		return nil, fmt.Errorf("%w %s: %w", errStart, args[0], err)
	}
	ctx, cancel := context.WithCancel(ctx)
	cmd := exec.CommandContext(ctx, s.git, args...)
	cmd.Dir, cmd.Env, cmd.WaitDelay = s.dir, s.environment(), waitAfterKill
	p := &process{cmd: cmd, stderr: &headWriter{limit: 4 << 10}, cancel: cancel, shim: s}
	cmd.Stderr = p.stderr
	in, errIn := cmd.StdinPipe()
	out, errOut := cmd.StdoutPipe()
	err := errors.Join(errIn, errOut)
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		cancel()
		return nil, fmt.Errorf("%w %s: %w", errStart, args[0], err)
	}
	p.in, p.out = in, bufio.NewReaderSize(out, 256<<10)
	return p, nil
}

// finish waits for git to end by itself; its output must have been read. The error says what git said.
func (p *process) finish() error {
	defer p.cancel()
	_ = p.in.Close()
	err := p.cmd.Wait()
	if err == nil {
		return nil
	}
	return fmt.Errorf("git %s: %w: %s", p.cmd.Args[1], err, p.said())
}

// stop ends git whatever it does. It may follow finish.
func (p *process) stop() {
	p.cancel()
	_ = p.in.Close()
	_ = p.cmd.Wait()
}

// said is git's first complaint, on one line, without our folder's name. Git names objects, refs and files in
// it, never content.
func (p *process) said() string {
	line, _, _ := strings.Cut(strings.TrimSpace(p.stderr.String()), "\n")
	line = strings.ReplaceAll(line, p.shim.dir, "")
	if line == "" {
		return "it said nothing"
	}
	return cut(line, 200)
}

func cut(text string, limit int) string {
	if len(text) > limit {
		return text[:limit] + "…"
	}
	return text
}

// feed writes lines to git's stdin and closes it. It ends when git does.
func (p *process) feed(lines func(w *bufio.Writer) error) (wait func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		w := bufio.NewWriterSize(p.in, 32<<10)
		if lines(w) == nil {
			_ = w.Flush() // a git that died is noticed by its reader
		}
		_ = p.in.Close()
	}()
	return func() { <-done }
}

// run reads all of git's output, at most limit bytes.
func (s *shim) run(ctx context.Context, limit int64, input string, args ...string) ([]byte, error) {
	p, err := s.start(ctx, args...)
	if err != nil {
		return nil, err
	}
	defer p.stop()
	wait := p.feed(func(w *bufio.Writer) error {
		_, err := w.WriteString(input)
		return err
	})
	out, err := io.ReadAll(io.LimitReader(p.out, limit+1))
	if err == nil && int64(len(out)) > limit {
		err = fmt.Errorf("git %s: over %d bytes of output: %w", args[0], limit, errTooLarge)
	}
	if err != nil {
		p.stop()
		wait()
		return nil, err
	}
	wait()
	return out, p.finish()
}

// headWriter keeps the first limit bytes. Safe for one writer and readers after it ended.
type headWriter struct {
	limit int
	buf   bytes.Buffer
}

func (h *headWriter) Write(p []byte) (int, error) {
	if room := h.limit - h.buf.Len(); room > 0 {
		h.buf.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

func (h *headWriter) String() string { return h.buf.String() }
