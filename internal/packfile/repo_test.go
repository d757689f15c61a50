package packfile_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/keywright/keywright/internal/packfile"
)

// repository is a bare git repository of a test.
type repository struct {
	dir  string
	size int // of ids in bytes
}

func (r repository) git(t testing.TB, stdin io.Reader, args ...string) []byte {
	t.Helper()
	cmd := r.command(args...)
	cmd.Stdin = stdin
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, stderr.Bytes())
	}
	return out
}

func (r repository) command(args ...string) *exec.Cmd {
	cmd := exec.Command("git", args...)
	cmd.Dir = r.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + r.dir, "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1"}
	return cmd
}

func newRepository(t testing.TB, format string) repository {
	t.Helper()
	r := repository{dir: t.TempDir(), size: packfile.SHA1Size}
	if format == "sha256" {
		r.size = packfile.SHA256Size
	}
	r.git(t, nil, "init", "-q", "--bare", "--object-format="+format, ".")
	return r
}

// addHistory commits versions of the source text of a folder: each commit edits a few lines of one file. Half of all
// edits fall on one file, so that it has a long chain of deltas.
func (r repository) addHistory(t testing.TB, branch, folder string, commits int) {
	t.Helper()
	random := rand.New(rand.NewPCG(uint64(commits), uint64(len(folder))))
	texts := goSource(t, folder)
	names := slices.Sorted(maps.Keys(texts))
	lines := map[string][]string{}
	for name, text := range texts {
		lines[name] = strings.SplitAfter(string(text), "\n")
	}
	pipe, w := io.Pipe()
	go func() {
		b := bufio.NewWriter(w)
		for i := range commits {
			fmt.Fprintf(b, "commit refs/heads/%s\ncommitter A <a@example.com> %d +0000\ndata 5\nedit\n\n", branch, 1_700_000_000+i)
			for j, name := range names {
				if i > 0 && j != i/2%len(names)*(i%2) {
					continue
				}
				if i > 0 {
					lines[name] = edited(random, lines[name])
				}
				text := strings.Join(lines[name], "")
				fmt.Fprintf(b, "M 100644 inline %s/%s\ndata %d\n%s\n", folder, name, len(text), text)
			}
		}
		_ = w.CloseWithError(b.Flush())
	}()
	r.git(t, pipe, "fast-import", "--quiet", "--force")
}

// edited changes, moves and adds a few lines.
func edited(random *rand.Rand, lines []string) []string {
	lines = slices.Clone(lines)
	for range 1 + random.IntN(4) {
		at := random.IntN(len(lines))
		switch random.IntN(3) {
		case 0:
			lines[at] = fmt.Sprintf("// edit %x\n", random.Uint64())
		case 1:
			lines = slices.Insert(lines, at, fmt.Sprintf("var v%x = %d\n", random.Uint32(), random.Uint32()))
		default:
			from := random.IntN(len(lines))
			lines[at], lines[from] = lines[from], lines[at]
		}
	}
	return lines
}

// object is what git or a walk says of an object: its type and the digest of its content.
type object struct {
	kind   string
	size   int
	digest [sha256.Size]byte
}

// saidByGit reads every object of the repository with git itself.
func (r repository) saidByGit(t testing.TB) map[string]object {
	t.Helper()
	cmd := r.command("cat-file", "--batch-all-objects", "--unordered", "--buffer", "--batch")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	all := map[string]object{}
	for in := bufio.NewReaderSize(out, 1<<16); ; {
		line, err := in.ReadString('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		words := strings.Fields(line)
		if err != nil || len(words) != 3 {
			t.Fatalf("git says %q, %v", line, err)
		}
		size, err := strconv.Atoi(words[2])
		if err != nil {
			t.Fatal(err)
		}
		data := make([]byte, size+1)
		if _, err := io.ReadFull(in, data); err != nil {
			t.Fatal(err)
		}
		all[words[0]] = object{words[1], size, sha256.Sum256(data[:size])}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	return all
}

// packs opens all packs of the repository.
func (r repository) packs(t testing.TB) []*packfile.Pack {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(r.dir, "objects/pack/*.pack"))
	if err != nil {
		t.Fatal(err)
	}
	var packs []*packfile.Pack
	for _, file := range files {
		p, err := packfile.Open(file, strings.TrimSuffix(file, ".pack")+".idx", r.size)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := p.Close(); err != nil {
				t.Error(err)
			}
		})
		packs = append(packs, p)
	}
	return packs
}
