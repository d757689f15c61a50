package dirsource_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"sort"
	"strings"
	"syscall"
	"testing"

	"github.com/keywright/keywright/scanner"
	"github.com/keywright/keywright/scanner/dirsource"
)

type result struct {
	files map[string]string
	order []string
	names string
	skips []scanner.Skip
}

func collect(t *testing.T, s *dirsource.Source) result {
	t.Helper()
	out := result{files: map[string]string{}}
	for b, err := range s.Blobs(context.Background()) {
		var skip *scanner.Skip
		switch {
		case errors.As(err, &skip):
			out.skips = append(out.skips, *skip)
		case err != nil:
			t.Fatal(err)
		case b.Kind == scanner.KindName:
			out.names += string(b.Data)
		default:
			out.files[b.Location.Path] = string(b.Data)
			out.order = append(out.order, b.Location.Path)
		}
	}
	return out
}

func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestEveryRegularFileIsABlob(t *testing.T) {
	t.Parallel()
	files := map[string]string{"a": "1", "b/c": "22", "b/d/e": "", "n\n\xff": "odd", ".hidden": "h", "nested/x": "in a nested repository"}
	dir := tree(t, files)
	for _, name := range []string{".git/config", "nested/.git/HEAD"} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte("not part of the tree"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s := dirsource.New(dir, dirsource.Options{})
	got := collect(t, s)
	if !reflect.DeepEqual(got.files, files) || len(got.skips) > 0 {
		t.Errorf("files are %q, skips %v", got.files, got.skips)
	}
	if n := s.Counts(); n.Blobs != len(files) || n.Bytes != 29 {
		t.Errorf("counts %+v", n)
	}
	if again := collect(t, dirsource.New(dir, dirsource.Options{})); !reflect.DeepEqual(again.order, got.order) {
		t.Errorf("the order changed from %q to %q", got.order, again.order)
	}
	lines := strings.Split(strings.TrimSpace(got.names), "\n")
	sort.Strings(lines)
	if want := ".hidden|a|b|c|d|e|n|nested|x|\xff"; strings.Join(lines, "|") != want {
		t.Errorf("names are %q", lines)
	}
}

func TestASingleFileIsATree(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{"a": "text"})
	got := collect(t, dirsource.New(filepath.Join(dir, "a"), dirsource.Options{}))
	if !reflect.DeepEqual(got.files, map[string]string{"a": "text"}) {
		t.Errorf("files are %q", got.files)
	}
}

func TestNothingButRegularFilesIsOpened(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{"a": "text"})
	if err := syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"loop": ".", "link": "a", "nowhere": "/nowhere", "self": "self"} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	s := dirsource.New(dir, dirsource.Options{})
	got := collect(t, s)
	if len(got.files) != 1 || len(got.skips) > 0 || s.Counts().NotRegular != 6 {
		t.Errorf("files %q, skips %v, counts %+v", got.files, got.skips, s.Counts())
	}
	s = dirsource.New(filepath.Join(dir, "fifo"), dirsource.Options{})
	if got := collect(t, s); len(got.files) != 0 || len(got.skips) != 1 || s.Counts().NotRegular != 1 {
		t.Errorf("a FIFO that was asked for gave %q, skips %v", got.files, got.skips)
	}
}

func TestAFileOverTheCapIsASkipUnlessTheUserSetIt(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{"large": "123456", "small": "12345"})
	s := dirsource.New(dir, dirsource.Options{MaxFileBytes: 5})
	got := collect(t, s)
	if len(got.files) != 1 || len(got.skips) != 1 || got.skips[0].Reason != scanner.SkipTooLarge || got.skips[0].Path != "large" {
		t.Errorf("files %q, skips %v", got.files, got.skips)
	}
	s = dirsource.New(dir, dirsource.Options{MaxFileBytes: 5, UserSetMax: true})
	if got := collect(t, s); len(got.skips) > 0 || s.Counts().Excluded != 1 {
		t.Errorf("skips %v, counts %+v", got.skips, s.Counts())
	}
}

func TestWhatCannotBeReadIsASkip(t *testing.T) {
	t.Parallel()
	if os.Getuid() == 0 {
		t.Skip("root reads everything; the case of another user is run as one")
	}
	dir := tree(t, map[string]string{"a": "text", "locked/b": "text", "c": "text"})
	for _, name := range []string{"a", "locked"} {
		if err := os.Chmod(filepath.Join(dir, name), 0); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { _ = os.Chmod(filepath.Join(dir, "locked"), 0o700) })
	got := collect(t, dirsource.New(dir, dirsource.Options{}))
	if len(got.files) != 1 || len(got.skips) != 2 || got.skips[0].Reason != scanner.SkipUnreadable {
		t.Errorf("files %q, skips %v", got.files, got.skips)
	}
}

// A folder that vanishes between the listing of its parent and its own stands for every folder that cannot be
// read, also for root.
func TestAFolderThatVanishesIsASkip(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{"a": "text", "b/c": "text", "d": "text"})
	var skips []scanner.Skip
	files := 0
	for b, err := range dirsource.New(dir, dirsource.Options{}).Blobs(context.Background()) {
		var skip *scanner.Skip
		switch {
		case errors.As(err, &skip):
			skips = append(skips, *skip)
		case b.Location.Path == "a":
			if err := os.RemoveAll(filepath.Join(dir, "b")); err != nil {
				t.Fatal(err)
			}
			files++
		case b.Kind == scanner.KindFile:
			files++
		}
	}
	if files != 2 || len(skips) != 1 || skips[0].Reason != scanner.SkipUnreadable || skips[0].Path != "b" {
		t.Errorf("%d files, skips %v", files, skips)
	}
}

func TestAPathThatDoesNotExistIsAnError(t *testing.T) {
	t.Parallel()
	var last error
	for _, err := range dirsource.New(filepath.Join(t.TempDir(), "absent"), dirsource.Options{}).Blobs(context.Background()) {
		last = err
	}
	if !errors.Is(last, os.ErrNotExist) {
		t.Errorf("error is %v", last)
	}
}

func TestACancelledContextEndsTheWalk(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{"a": "1", "b": "2", "c": "3"})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var last error
	files := 0
	for b, err := range dirsource.New(dir, dirsource.Options{}).Blobs(ctx) {
		if last = err; b.Kind == scanner.KindFile {
			files++
			cancel()
		}
	}
	if !errors.Is(last, context.Canceled) || files != 1 {
		t.Errorf("%d files, error %v", files, last)
	}
}

func TestAFileOfTheSystemThatGivesNothingDoesNotHoldTheScanUp(t *testing.T) {
	t.Parallel()
	const kernelLog = "/proc/kmsg" // regular by its mode, and a read waits for the next message
	if f, err := os.Open(kernelLog); err != nil {
		t.Skipf("no such file for this user: %v", err)
	} else {
		_ = f.Close()
	}
	if got := collect(t, dirsource.New(kernelLog, dirsource.Options{})); len(got.skips) != 1 || got.skips[0].Reason != scanner.SkipUnreadable {
		t.Errorf("skips %v", got.skips)
	}
}
