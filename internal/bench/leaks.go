package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/keywright/keywright/patterns"
)

// leaks is how many keys the history with findings holds.
const leaks = 200

// leakKeys makes keys of our own format that no store issued: the same ones in each run.
func leakKeys(n int) ([]string, error) {
	set, err := patterns.Builtin()
	if err != nil {
		return nil, err
	}
	own, ok := set.ByID(patterns.OwnID)
	if !ok {
		return nil, errors.New("the catalogue has no pattern for our own keys")
	}
	keys := make([]string, n)
	for i := range keys {
		if keys[i], err = patterns.Mint(own, fmt.Sprintf("bench/%d", i)); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// writeLeaks writes commits that leak keys, for `git fast-import` into a repository whose main line is commits, oldest
// first: every other one on a branch of its own that leaves the main line somewhere, the others at its end. Each puts a
// key into a file of source text.
func writeLeaks(text []file, commits []string, keys []string, out io.Writer) error {
	w := bufio.NewWriterSize(out, 1<<20)
	tip := commits[len(commits)-1]
	for i, key := range keys {
		ref, from := fmt.Sprintf("refs/heads/leak/%d", i), commits[i*len(commits)/len(keys)]
		if i%2 == 1 {
			ref, from = "refs/heads/main", tip
			tip = fmt.Sprintf(":%d", i+1)
		}
		when := firstCommitAt + (len(commits)+i)*commitEvery
		_, _ = fmt.Fprintf(w, "commit %s\nmark :%d\ncommitter %s %d +0000\ndata 7\nSet up\n\nfrom %s\n", ref, i+1, authors[i%len(authors)], when, from)
		putLeak(w, &text[i*len(text)/len(keys)], key, i)
	}
	_, _ = w.WriteString("done\n") // an error stays with the writer until the flush
	return w.Flush()
}

func putLeak(w *bufio.Writer, f *file, key string, i int) {
	line := fmt.Sprintf("const apiKey%d = %q\n", i, key)
	at, size := i*7919%len(f.lines), len(line)
	for _, l := range f.lines {
		size += len(l)
	}
	_, _ = fmt.Fprintf(w, "M 100644 inline %s\ndata %d\n", f.path, size)
	for n, l := range f.lines {
		if n == at {
			_, _ = w.WriteString(line)
		}
		_, _ = w.Write(l)
	}
	_ = w.WriteByte('\n')
}
