package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// hung is how long a process may take to end before the test calls it hung.
const hung = 30 * time.Second

// terminal is a pseudo-terminal: what a process writes to user comes out of host.
func terminal(t *testing.T) (host, user *os.File) {
	t.Helper()
	host, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { _ = host.Close() })
	if err := unix.IoctlSetPointerInt(int(host.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(host.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	user, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return host, user
}

// program is keywright as a process of its own.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Args[0] = "keywright" // TestMain takes it by its name
	home := t.TempDir()
	cmd.Env = append(os.Environ(), "HOME="+home, "XDG_CACHE_HOME="+filepath.Join(home, "cache"), "NO_COLOR=1")
	return cmd
}

// interruptedScan scans a stream that never ends, interrupts the scan once something is seen on stderr, and gives all that it
// wrote there. A nil seen: as soon as the stream is read. Exit code 2 is wanted.
func interruptedScan(t *testing.T, cmd *exec.Cmd, stderr io.Reader, seen func(string) bool) string {
	t.Helper()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if writer, ok := cmd.Stderr.(*os.File); ok {
		_ = writer.Close() // ours; the process has its own
	}
	watchdog := time.AfterFunc(hung, func() { _ = cmd.Process.Kill() })
	defer watchdog.Stop()
	// More than a pipe holds: when it is written, the process reads, and has its handler of signals for long.
	if _, err := in.Write(bytes.Repeat([]byte("text\n"), 100_000)); err != nil {
		t.Fatal(err)
	}
	var all bytes.Buffer
	signalled := false
	for buffer := make([]byte, 4096); ; {
		if !signalled && (seen == nil || seen(all.String())) {
			signalled = true
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
		}
		n, err := stderr.Read(buffer)
		all.Write(buffer[:n])
		if err != nil { // a terminal whose last user went away gives EIO, a pipe io.EOF
			break
		}
	}
	_ = cmd.Wait() // the exit code is looked at
	if code := cmd.ProcessState.ExitCode(); code != 2 {
		t.Errorf("%v, want exit code 2; stderr %q", cmd.ProcessState, all.String())
	}
	return all.String()
}

func TestOnATerminalOneLineIsDrawnAndRemovedAndAnInterruptSaysWhatWasCovered(t *testing.T) {
	t.Parallel()
	host, user := terminal(t)
	cmd := program(t, "scan", "-", "--format", "jsonl")
	cmd.Stderr = user
	var out bytes.Buffer
	cmd.Stdout = &out
	const drawn = "\r\x1b[Kscanning: 0 blobs  0.0 MB  0 MB/s"
	stderr := interruptedScan(t, cmd, host, func(text string) bool { return strings.Contains(text, drawn) })
	if at := strings.LastIndex(stderr, drawn); at < 0 || !strings.HasPrefix(stderr[at+len(drawn):], "\r\x1b[K") {
		t.Errorf("the line is not drawn, or not removed before what comes after it: %q", stderr)
	}
	if strings.Contains(strings.SplitAfter(stderr, drawn)[0], "\n") || strings.HasSuffix(stderr, drawn) {
		t.Errorf("it is not one line: %q", stderr)
	}
	for where, text := range map[string]string{"stderr": stderr, "the report": out.String()} {
		if !strings.Contains(text, "stopped: 0 blobs were read, 0.0 MB") {
			t.Errorf("%s does not say what was covered: %q", where, text)
		}
	}
	if !strings.Contains(out.String(), `"complete":false`) {
		t.Errorf("the report does not say that the scan was not complete: %q", out.String())
	}
}

func TestWhereNobodyLooksNothingIsDrawn(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{"quiet on a terminal": {"scan", "--quiet", "."}, "on a terminal, when it is over at once": {"scan", "."}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			host, user := terminal(t)
			cmd := program(t, args...)
			cmd.Dir, cmd.Stderr = t.TempDir(), user
			if err := cmd.Run(); err != nil {
				t.Fatal(err)
			}
			if err := user.Close(); err != nil {
				t.Fatal(err)
			}
			stderr, _ := io.ReadAll(host) // EIO is the end
			if text := string(stderr); args[1] == "--quiet" && text != "" || strings.Contains(text[strings.LastIndex(text, "\n")+1:], "scanning") {
				t.Errorf("stderr is %q", text)
			}
		})
	}
}

func TestAnInterruptThroughAPipeSaysWhatWasCoveredAndDrawsNothing(t *testing.T) {
	t.Parallel()
	cmd := program(t, "scan", "-")
	stderr, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stderr.Close() }()
	cmd.Stderr = writer
	text := interruptedScan(t, cmd, stderr, nil)
	if strings.Contains(text, "\x1b") || !strings.Contains(text, "stopped: 0 blobs") {
		t.Errorf("stderr is %q", text)
	}
}
