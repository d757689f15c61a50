package dirsource_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/keywright/keywright/scanner"
	"github.com/keywright/keywright/scanner/dirsource"
)

// borrowed remembers what was lent, and that no worker was called twice at once.
type borrowed struct {
	mu     sync.Mutex
	busy   map[int]bool
	given  map[string]int // what a blob or skip is in words, and how often it came
	failOn string         // a path
	on     func(path string)
	wrong  []string
}

var errBorrower = errors.New("enough")

func newBorrowed() *borrowed { return &borrowed{busy: map[int]bool{}, given: map[string]int{}} }

func (b *borrowed) enter(worker int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.busy[worker] {
		b.wrong = append(b.wrong, fmt.Sprintf("worker %d is called twice at once", worker))
	}
	b.busy[worker] = true
}

func (b *borrowed) leave(worker int, said string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.busy[worker] = false
	b.given[said]++
}

func blobInWords(b *scanner.Blob) string {
	part := ""
	if b.Part != nil {
		part = fmt.Sprintf("%+v", *b.Part)
	}
	return fmt.Sprintf("%s %q %q %s", b.Kind, b.Location.Path, b.Data, part)
}

func (b *borrowed) Blob(worker int, blob scanner.Lent) (scanner.Taken, error) {
	b.enter(worker)
	said := blobInWords(&blob.Blob)
	if b.on != nil {
		b.on(blob.Location.Path)
	}
	again := blobInWords(&blob.Blob)
	b.leave(worker, said)
	if said != again {
		return scanner.Taken{}, errors.New("what is lent changed during the call")
	}
	if b.failOn != "" && blob.Location.Path == b.failOn {
		return scanner.Taken{}, errBorrower
	}
	return scanner.Taken{}, nil
}

func (b *borrowed) Skip(worker int, skip *scanner.Skip) error {
	b.enter(worker)
	b.leave(worker, skip.Error())
	return nil
}

// listed is what Blobs gives, in the same words.
func listed(t *testing.T, s *dirsource.Source) map[string]int {
	t.Helper()
	given := map[string]int{}
	for b, err := range s.Blobs(context.Background()) {
		var skip *scanner.Skip
		switch {
		case errors.As(err, &skip):
			given[skip.Error()]++
		case err != nil:
			t.Fatal(err)
		default:
			given[blobInWords(&b)]++
		}
	}
	return given
}

// sameBothWays compares Blobs and Lend over a path.
func sameBothWays(t *testing.T, path string, options dirsource.Options) {
	t.Helper()
	sequence := dirsource.New(path, options)
	want := listed(t, sequence)
	for _, workers := range []int{1, 2, 7} {
		s, b := dirsource.New(path, options), newBorrowed()
		if err := s.Lend(context.Background(), workers, b); err != nil {
			t.Fatal(err)
		}
		if !maps.Equal(b.given, want) || len(b.wrong) > 0 {
			t.Errorf("%d workers gave %d things, Blobs %d; %s", workers, len(b.given), len(want), b.wrong)
			for said := range b.given {
				if want[said] == 0 {
					t.Errorf("only lent: %.200s", said)
				}
			}
			for said := range want {
				if b.given[said] == 0 {
					t.Errorf("not lent: %.200s", said)
				}
			}
		}
		if s.Counts() != sequence.Counts() {
			t.Errorf("%d workers count %+v, Blobs %+v", workers, s.Counts(), sequence.Counts())
		}
	}
}

// manyFiles is a tree with folders of all sizes.
func manyFiles() map[string]string {
	files := map[string]string{"top": "1", "n\n\xff": "odd", "empty": "", "large": strings.Repeat("a line\n", 300_000)}
	for i := range 300 {
		files[fmt.Sprintf("wide/%d", i)] = strings.Repeat("x", i*37)
		files[fmt.Sprintf("deep%s/f", strings.Repeat("/d", i%40))] = fmt.Sprint(i)
		files[fmt.Sprintf("many/%d/file", i)] = fmt.Sprint(i)
	}
	return files
}

func TestLendGivesWhatBlobsGives(t *testing.T) {
	t.Parallel()
	dir := tree(t, manyFiles())
	if err := syscall.Mkfifo(filepath.Join(dir, "wide", "fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(".", filepath.Join(dir, "many", "loop")); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name    string
		path    string
		options dirsource.Options
	}{
		{"a tree", dir, dirsource.Options{}},
		{"a tree with files over the cap", dir, dirsource.Options{MaxFileBytes: 5000}},
		{"a tree with files over the user's cap", dir, dirsource.Options{MaxFileBytes: 5000, UserSetMax: true}},
		{"a tree with a text in parts", dir, dirsource.Options{WindowBytes: 1}},
		{"one file", filepath.Join(dir, "large"), dirsource.Options{}},
		{"one pipe", filepath.Join(dir, "wide", "fifo"), dirsource.Options{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			sameBothWays(t, test.path, test.options)
		})
	}
}

func TestAnErrorOfTheBorrowerEndsTheLending(t *testing.T) {
	t.Parallel()
	b := newBorrowed()
	b.failOn = "wide/17"
	if err := dirsource.New(tree(t, manyFiles()), dirsource.Options{}).Lend(context.Background(), 3, b); !errors.Is(err, errBorrower) {
		t.Errorf("error is %v", err)
	}
}

func TestACancelledContextEndsTheLending(t *testing.T) {
	t.Parallel()
	dir := tree(t, manyFiles())
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	b := newBorrowed()
	b.on = func(string) { cancel() }
	if err := dirsource.New(dir, dirsource.Options{}).Lend(ctx, 2, b); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
	if all := len(listed(t, dirsource.New(dir, dirsource.Options{}))); len(b.given) >= all {
		t.Errorf("%d things were lent of %d", len(b.given), all)
	}
}

func TestLendOfAPathThatDoesNotExistIsAnError(t *testing.T) {
	t.Parallel()
	err := dirsource.New(filepath.Join(t.TempDir(), "absent"), dirsource.Options{}).Lend(context.Background(), 2, newBorrowed())
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error is %v", err)
	}
}

// The folder is replaced by a link to another while its parent is at work: what stands behind the link is not read.
func TestAFolderThatBecomesALinkIsNotFollowed(t *testing.T) {
	t.Parallel()
	outside := tree(t, map[string]string{"b/secret": "outside of the root"})
	for _, how := range []string{"Blobs", "Lend"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			dir := tree(t, map[string]string{"0": "first", "a/b/secret": "inside"})
			swap := func(path string) {
				if path != "0" {
					return
				}
				if err := os.Rename(filepath.Join(dir, "a"), filepath.Join(dir, "was")); err != nil {
					t.Error(err)
				}
				if err := os.Symlink(outside, filepath.Join(dir, "a")); err != nil {
					t.Error(err)
				}
			}
			b := newBorrowed()
			b.on = swap
			s := dirsource.New(dir, dirsource.Options{})
			if how == "Lend" {
				if err := s.Lend(context.Background(), 1, b); err != nil {
					t.Fatal(err)
				}
			} else {
				for blob, err := range s.Blobs(context.Background()) {
					if err != nil {
						b.given[err.Error()]++
						continue
					}
					b.given[blobInWords(&blob)]++
					swap(blob.Location.Path)
				}
			}
			said := strings.Join(slices.Sorted(maps.Keys(b.given)), "\n")
			if strings.Contains(said, "outside of the root") || !strings.Contains(said, "unreadable: a: ") {
				t.Errorf("what was given:\n%s", said)
			}
		})
	}
}

func TestAPathLongerThanTheSystemTakesIsRead(t *testing.T) {
	t.Parallel()
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	dir := root.Name()
	t.Cleanup(func() { _ = root.Close() })
	name := strings.Repeat("n", 250)
	at := root
	for range 20 { // 5,000 bytes
		if err := at.Mkdir(name, 0o700); err != nil {
			t.Fatal(err)
		}
		if at, err = at.OpenRoot(name); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = at.Close() })
	}
	if err := at.WriteFile("leaf", []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := dirsource.New(dir, dirsource.Options{})
	if got := collect(t, s); len(got.files) != 1 || len(got.skips) > 0 {
		t.Errorf("%d files, skips %v", len(got.files), got.skips)
	}
	sameBothWays(t, dir, dirsource.Options{})
}
