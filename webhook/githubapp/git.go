package githubapp

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// errRefused: the token does not open the repository, or no longer.
var errRefused = errors.New("GitHub refuses the token")

const (
	gitPoll        = 200 * time.Millisecond // how often a fetch's size is looked at
	gitWait        = 2 * time.Second        // after git was killed, for its helpers to go
	maxStderrBytes = 2048                   // of git, kept for the error
	maxListBytes   = 256 << 20              // of a list of object ids
)

// git runs the git program in one bare repository of ours.
type git struct {
	dir      string
	env      []string
	maxBytes int64
	maxList  int // bytes of output that are read; 0 means maxListBytes
}

// environment is all that git gets to see. The token is a header for the one repository's URL, in the
// environment: arguments can be read by other users of the machine, and files outlive us.
func environment(home, remote, token string) []string {
	basic := base64.StdEncoding.EncodeToString([]byte("x-access-token:" + token))
	settings := [][2]string{
		{"http." + remote + ".extraHeader", "Authorization: Basic " + basic},
		{"http.followRedirects", "false"}, // the header would go along
		{"protocol.allow", "never"},
		{"protocol.https.allow", "always"},
		{"protocol.http.allow", "always"}, // for loopback; New refuses it elsewhere
		{"credential.helper", ""},
		{"core.hooksPath", os.DevNull},
		{"core.askPass", ""},
		{"gc.auto", "0"},
		{"maintenance.auto", "false"},
		{"fetch.recurseSubmodules", "no"},
		// Else git offers the commits it has, the server leaves out what they reach, and in a shallow repository
		// those are the very blobs that are asked for by id. It is what git's own lazy fetch does.
		{"fetch.negotiationAlgorithm", "noop"},
		{"fetch.unpackLimit", "1"}, // a pack as it came, not thousands of files
	}
	env := []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "LC_ALL=C",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_TERMINAL_PROMPT=0", "GIT_NO_LAZY_FETCH=1",
		"GIT_CONFIG_COUNT=" + strconv.Itoa(len(settings)),
	}
	for i, s := range settings {
		env = append(env, fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", i, s[0]), fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", i, s[1]))
	}
	for _, name := range passed {
		if value, set := os.LookupEnv(name); set {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// passed are the variables of our own environment that say how to reach the network, and what Windows needs.
var passed = []string{ //nolint:gochecknoglobals // constant
	"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY",
	"SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "SYSTEMROOT", "TMPDIR", "TEMP", "TMP",
}

// init makes the repository, of the object format that the id has.
func (g *git) init(ctx context.Context, remote, id string) error {
	format := "sha1"
	if len(id) == 64 {
		format = "sha256"
	}
	if err := os.Mkdir(g.dir, 0o700); err != nil {
		return err
	}
	if _, err := g.run(ctx, nil, "init", "--quiet", "--bare", "--template=", "--object-format="+format, "."); err != nil {
		return err
	}
	_, err := g.run(ctx, nil, "remote", "add", "--", "origin", remote)
	return err
}

func (g *git) fetch(ctx context.Context, stdin []byte, args ...string) error {
	ctx, stop := g.watch(ctx)
	defer stop()
	_, err := g.run(ctx, stdin, append([]string{"fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--force"}, args...)...)
	if err != nil && errors.Is(context.Cause(ctx), ErrTooLarge) {
		return fmt.Errorf("%w of %d bytes", ErrTooLarge, g.maxBytes)
	}
	if err == nil && g.size() > g.maxBytes {
		return fmt.Errorf("%w of %d bytes", ErrTooLarge, g.maxBytes)
	}
	return err
}

// watch cancels the context it returns when the repository grows over the cap. Git has no such cap itself.
func (g *git) watch(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(gitPoll)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				if g.size() > g.maxBytes {
					cancel(ErrTooLarge)
				}
			}
		}
	}()
	return ctx, func() {
		cancel(nil)
		<-done
	}
}

// size is the repository's, in bytes. Files that vanish while we look do not matter.
func (g *git) size() (total int64) {
	_ = filepath.WalkDir(g.dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // vanished
		}
		if info, err := entry.Info(); err == nil && info.Mode().IsRegular() {
			total += info.Size()
		}
		return nil
	})
	return total
}

// run runs git and returns its output. Its errors hold the verb and the end of what git said, never arguments.
func (g *git) run(ctx context.Context, stdin []byte, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir, cmd.Env, cmd.WaitDelay = g.dir, g.env, gitWait
	cmd.Stdin = bytes.NewReader(stdin)
	killTogether(cmd)
	stdout, stderr := &limited{max: cmp.Or(g.maxList, maxListBytes)}, &limited{max: maxStderrBytes}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("git %s: %w", args[0], context.Cause(ctx))
	case err != nil:
		return nil, fmt.Errorf("git %s: %w: %w", args[0], err, said(stderr.String()))
	case stdout.over:
		return nil, fmt.Errorf("git %s: %w", args[0], ErrTooLarge)
	}
	return stdout.Bytes(), nil
}

// said makes an error of git's last line. The phrases are those of git's source (upload-pack.c, http.c,
// remote-curl.c; LC_ALL=C), looked at on 2026-11-24.
func said(stderr string) error {
	lines := strings.Split(strings.TrimSpace(stderr), "\n")
	last := strings.Map(printable, lines[len(lines)-1])
	switch {
	case strings.Contains(stderr, "not our ref") || strings.Contains(stderr, "unadvertised object") ||
		strings.Contains(stderr, "couldn't find remote ref"):
		return fmt.Errorf("%w: %s", ErrGone, last)
	case strings.Contains(stderr, "Authentication failed") || strings.Contains(stderr, "could not read Username") ||
		strings.Contains(stderr, "returned error: 401") || strings.Contains(stderr, "returned error: 403") ||
		strings.Contains(stderr, "not found"):
		return fmt.Errorf("%w: %s", errRefused, last)
	default:
		return errors.New(last)
	}
}

func printable(r rune) rune {
	if r < ' ' || r == 0x7f {
		return -1
	}
	return r
}

// limited keeps the first max bytes and swallows the rest.
type limited struct {
	bytes.Buffer
	max  int
	over bool
}

func (l *limited) Write(p []byte) (int, error) {
	if room := l.max - l.Len(); len(p) > room {
		l.over = true
		_, _ = l.Buffer.Write(p[:room])
		return len(p), nil
	}
	return l.Buffer.Write(p)
}
