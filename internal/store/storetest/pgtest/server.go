//go:build linux

package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	startTimeout = 60 * time.Second
	stopTimeout  = 10 * time.Second
	poll         = 20 * time.Millisecond // between two looks whether the server is up
	maxLogBytes  = 1 << 20
	template     = "kw_template"
)

// Server is one Postgres of a test process.
type Server struct {
	prepare func(ctx context.Context, address string) error

	once     sync.Once
	err      error
	programs binaries
	as       *syscall.Credential // nil: the user that the tests run as
	folder   string
	stopped  chan struct{} // closed when the process ended
	process  *os.Process
	log      *tail

	mu   sync.Mutex
	next int // number of the next database
}

// New makes a server that is not started yet. prepare fills the template that every database is a copy of.
func New(prepare func(ctx context.Context, address string) error) *Server {
	return &Server{prepare: prepare}
}

// Main runs the tests and ends the server. For TestMain: the result is the exit code.
func (s *Server) Main(m *testing.M) int {
	code := m.Run()
	if err := s.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return max(code, 1)
	}
	return code
}

// Database makes a copy of the template and returns its address. It is dropped when the test ends.
func (s *Server) Database(t *testing.T) string { return s.database(t, template) }

// Empty makes a database without anything in it.
func (s *Server) Empty(t *testing.T) string { return s.database(t, "template0") }

func (s *Server) database(t *testing.T, from string) string {
	t.Helper()
	// The server is started without the test's context: it outlives the test.
	s.once.Do(func() { s.err = s.start(context.Background()) })
	if s.err != nil {
		t.Fatal(s.err)
	}
	s.mu.Lock()
	s.next++
	name := "kw_" + strconv.Itoa(s.next)
	s.mu.Unlock()
	if err := s.admin(t.Context(), "CREATE DATABASE "+name+" TEMPLATE "+from); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.admin(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return s.address(name)
}

// address is a URL with the socket's folder: nothing listens on a port.
func (s *Server) address(database string) string {
	return "postgres://postgres@/" + database + "?host=" + url.QueryEscape(s.folder)
}

func (s *Server) admin(ctx context.Context, statement string) error {
	conn, err := pgx.Connect(ctx, s.address("postgres"))
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(ctx))
}

func (s *Server) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := s.makeFolder(); err != nil {
		return err
	}
	if err := s.initdb(ctx); err != nil {
		return err
	}
	if err := s.run(); err != nil {
		return err
	}
	if err := s.wait(ctx); err != nil {
		return errors.Join(err, s.Stop())
	}
	return s.makeTemplate(ctx)
}

// makeFolder finds the programs and the user that they run as, and makes the server's folder.
func (s *Server) makeFolder() (err error) {
	if s.programs, err = findBinaries(); err != nil {
		return err
	}
	if s.as, err = account(); err != nil {
		return err
	}
	s.folder, err = os.MkdirTemp(parent(), "kwpg") // short: a socket's path has at most 107 bytes
	if err != nil || s.as == nil {
		return err
	}
	return os.Chown(s.folder, int(s.as.Uid), int(s.as.Gid))
}

// parent is memory where there is enough of it, since each database is some 900 files; else the usual place. A
// container's /dev/shm often has 64 MiB, which some ten databases fill.
func parent() string {
	const memory, enough = "/dev/shm", 1 << 30
	var found syscall.Statfs_t
	if err := syscall.Statfs(memory, &found); err != nil || found.Bavail*uint64(max(found.Bsize, 0)) < enough {
		return ""
	}
	return memory
}

// account is another user when the tests run as root, which Postgres refuses; else nil.
func account() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(found.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(found.Gid, 10, 32)
		if err := errors.Join(uidErr, gidErr); err != nil {
			return nil, err
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.New("there is no user postgres or nobody to run the server as, and it refuses to run as root")
}

func (s *Server) data() string { return filepath.Join(s.folder, "data") }

func (s *Server) initdb(ctx context.Context) error {
	// Linguistic sorting, so that a text compared without COLLATE "C" is found out.
	args := []string{
		"-D", s.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C.UTF-8",
		"--locale-provider=icu", "--icu-locale=en-US",
	}
	command := exec.CommandContext(ctx, filepath.Join(s.programs.folder, "initdb"), args...)
	s.settle(command)
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, output)
	}
	return nil
}

func (s *Server) settle(command *exec.Cmd) {
	command.Dir = s.folder
	command.Env = []string{"PATH=" + s.programs.folder + ":/usr/bin:/bin", "LC_ALL=C.UTF-8", "LD_LIBRARY_PATH=" + s.programs.libraries}
	// The server is told to stop at once when the test process dies, however it dies.
	command.SysProcAttr = &syscall.SysProcAttr{Credential: s.as, Pdeathsig: syscall.SIGQUIT}
}

// run starts the server and waits for its end in a goroutine that keeps its thread: the kernel sends the parent's
// death signal when the thread that started the process ends.
func (s *Server) run() error {
	args := []string{
		"-D", s.data(), "-k", s.folder,
		"-c", "listen_addresses=", "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off",
		"-c", "max_connections=200", "-c", "shared_buffers=32MB", "-c", "timezone=Asia/Kathmandu",
		"-c", "default_transaction_isolation=repeatable read",
	}
	command := exec.Command(filepath.Join(s.programs.folder, "postgres"), args...)
	s.settle(command)
	s.log = &tail{}
	command.Stdout, command.Stderr = s.log, s.log
	s.stopped = make(chan struct{})
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer close(s.stopped)
		if err := command.Start(); err != nil {
			started <- err
			return
		}
		s.process = command.Process
		started <- nil
		_ = command.Wait() // how it ended is in its log, which wait and Stop read
	}()
	return <-started
}

func (s *Server) wait(ctx context.Context) error {
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		err := s.admin(ctx, "SELECT 1")
		if err == nil {
			return nil
		}
		select {
		case <-s.stopped:
			return fmt.Errorf("postgres ended: %s", s.log)
		case <-ctx.Done():
			return fmt.Errorf("postgres does not answer: %w: %s", err, s.log)
		case <-tick.C:
		}
	}
}

func (s *Server) makeTemplate(ctx context.Context) error {
	if err := s.admin(ctx, "CREATE DATABASE "+template+" TEMPLATE template0"); err != nil {
		return err
	}
	if s.prepare == nil {
		return nil
	}
	if err := s.prepare(ctx, s.address(template)); err != nil {
		return fmt.Errorf("prepare the template: %w", err)
	}
	return nil
}

// Crash ends the server as a power failure of the process would, by SIGKILL, and starts it again on what it left. Every
// connection breaks.
func (s *Server) Crash(ctx context.Context) error {
	if s.process == nil {
		return errors.New("crash postgres: it was not started")
	}
	if err := s.process.Kill(); err != nil {
		return fmt.Errorf("crash postgres: %w", err)
	}
	<-s.stopped
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		// It refuses to start while a process of the former one is there, which ends by itself.
		if err := s.run(); err != nil {
			return err
		}
		err := s.wait(ctx)
		if err == nil || ctx.Err() != nil {
			return err
		}
		<-tick.C
	}
}

// Standby makes a server that follows this one, which must have been started by a call of Database.
func (s *Server) Standby(ctx context.Context) (*Server, error) {
	f := &Server{}
	if err := f.makeFolder(); err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, filepath.Join(f.programs.folder, "pg_basebackup"),
		"-h", s.folder, "-U", "postgres", "-D", f.data(), "-R", "-c", "fast", "--no-sync")
	f.settle(command)
	if output, err := command.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("pg_basebackup: %w: %s", err, output)
	}
	if err := f.run(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := f.wait(ctx); err != nil {
		return nil, errors.Join(err, f.Stop())
	}
	return f, nil
}

// Address is that of a database by its name, of which Database returned the address in another server.
func (s *Server) Address(of string) (string, error) {
	parsed, err := url.Parse(of)
	if err != nil {
		return "", err
	}
	return s.address(parsed.Path[1:]), nil
}

// Folder is where the server's socket is.
func (s *Server) Folder() string { return s.folder }

// Stop ends the server and removes its folder. Never started, or twice: nothing.
func (s *Server) Stop() error {
	if s.folder == "" {
		return nil
	}
	if s.process != nil {
		// Fast: it ends its sessions itself.
		if err := s.process.Signal(syscall.SIGINT); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return err
		}
		select {
		case <-s.stopped:
		case <-time.After(stopTimeout):
			return fmt.Errorf("postgres does not end: %s", s.log)
		}
	}
	folder := s.folder
	s.folder, s.process = "", nil
	return os.RemoveAll(folder)
}

// tail keeps the server's log for a failure.
type tail struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.text.Len() < maxLogBytes {
		t.text.Write(p)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(t.text.String())
}
