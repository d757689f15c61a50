package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
)

// recipe is the shape of a history. The same recipe over the same text is the same history.
type recipe struct {
	Files     int // at the beginning, and to the end
	Commits   int
	PerCommit int // files that a commit edits, on average; neighbours in the tree, as people do it
	Depth     int // of delta chains; 0: git's own setting
	Refs      int // besides main
}

// The people of the histories, and when they began.
var authors = [...]string{"Ada Byron <ada@example.org>", "Grace Hopper <grace@example.org>", "Jean Bartik <jean@example.org>", "Kathleen Booth <kathleen@example.org>"}

const (
	firstCommitAt = 1_500_000_000 // seconds since 1970
	commitEvery   = 3_000         // seconds
)

// history writes a repository's commits as a stream for `git fast-import`.
type history struct {
	recipe recipe
	files  []file
	random *rand.Rand
	out    *bufio.Writer
	sizes  []int // lines that each file began with
}

func newHistory(r recipe, text []file, out io.Writer) *history {
	h := &history{recipe: r, random: rand.New(rand.NewPCG(1, uint64(r.Commits))), out: bufio.NewWriterSize(out, 1<<20)} //nolint:gosec // a history that must repeat
	h.files = make([]file, len(text))
	for i, f := range text {
		h.files[i] = file{f.path, append([][]byte(nil), f.lines...)}
		h.sizes = append(h.sizes, len(f.lines))
	}
	return h
}

// write writes all of it. A commit's mark is its number, from 1. The branch half stands in the middle.
func (h *history) write() error {
	h.commit("refs/heads/main", 1, 0, "Begin")
	for i := range h.files {
		h.put(&h.files[i])
	}
	for n := 2; n <= h.recipe.Commits; n++ {
		h.edits(n)
	}
	h.reset("refs/heads/half", max(1, h.recipe.Commits/2))
	for i := range h.recipe.Refs {
		kind := [...]string{"heads/topic/%d", "tags/v0.%d.0", "pull/%d/head"}[i%3]
		h.reset("refs/"+fmt.Sprintf(kind, i), 1+i*(h.recipe.Commits-1)/h.recipe.Refs)
	}
	_, _ = h.out.WriteString("done\n") // an error stays with the writer until the flush
	return h.out.Flush()
}

// commit begins one; parent 0 is none.
func (h *history) commit(ref string, n, parent int, message string) {
	who, when := authors[h.random.IntN(len(authors))], firstCommitAt+n*commitEvery
	_, _ = fmt.Fprintf(h.out, "commit %s\nmark :%d\nauthor %s %d +0000\ncommitter %s %d +0000\ndata %d\n%s\n",
		ref, n, who, when, who, when, len(message), message)
	if parent != 0 {
		_, _ = fmt.Fprintf(h.out, "from :%d\n", parent)
	}
}

func (h *history) reset(ref string, commit int) {
	_, _ = fmt.Fprintf(h.out, "reset %s\nfrom :%d\n\n", ref, commit)
}

func (h *history) put(f *file) {
	size := 0
	for _, line := range f.lines {
		size += len(line)
	}
	_, _ = fmt.Fprintf(h.out, "M 100644 inline %s\ndata %d\n", f.path, size)
	for _, line := range f.lines {
		_, _ = h.out.Write(line)
	}
	_ = h.out.WriteByte('\n')
}

// edits writes a commit that edits some neighbours. Some parts of a tree change much more often than others.
func (h *history) edits(n int) {
	count := 1 + h.random.IntN(2*h.recipe.PerCommit-1)
	u := h.random.Float64()
	first := int(u * u * float64(len(h.files)))
	count = min(count, len(h.files))
	first = min(first, len(h.files)-count)
	h.commit("refs/heads/main", n, n-1, fmt.Sprintf("Edit %s\n\n%s", h.files[first].path, bytes.TrimSpace(h.donate(1)[0])))
	for i := first; i < first+count; i++ {
		h.edit(i)
		h.put(&h.files[i])
	}
}

// edit replaces a few stretches of lines by lines of other files, and keeps the file about as long as it was.
func (h *history) edit(i int) {
	f := &h.files[i]
	for range 1 + h.random.IntN(3) {
		remove, add := h.random.IntN(8), 1+h.random.IntN(8)
		if len(f.lines) > h.sizes[i] {
			remove += 4
		}
		at := h.random.IntN(len(f.lines))
		end := min(at+remove, len(f.lines))
		lines := append([][]byte(nil), f.lines[:at]...)
		lines = append(append(lines, h.donate(add)...), f.lines[end:]...)
		f.lines = lines
	}
}

// donate gives n lines that stand together in some file.
func (h *history) donate(n int) [][]byte {
	from := h.files[h.random.IntN(len(h.files))].lines
	at := h.random.IntN(max(1, len(from)-n))
	return from[at:min(at+n, len(from))]
}
