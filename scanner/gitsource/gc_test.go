package gitsource_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/keywright/keywright/scanner/gitsource"
)

// What git does to a repository while it is scanned loses nothing, and makes no scan incomplete that was not.
func TestARepositoryThatGitPacksAnewDuringAScanIsReadWhole(t *testing.T) {
	t.Parallel()
	grow := func(t *testing.T) *repo {
		r := newRepo(t)
		text := ""
		for i := range 30 {
			text += strings.Repeat("line "+strconv.Itoa(i*7919)+" of a file that grows\n", 20)
			r.write("grows", text)
			r.write("own/"+strconv.Itoa(i), strings.Repeat("file "+strconv.Itoa(i*104729)+"\n", 300))
		}
		r.commit("one more", "file\n")
		for i := range 5 {
			r.commit("grows", text+strconv.Itoa(i))
		}
		return r
	}
	cases := []struct {
		name   string
		before func(r *repo)
		during func(r *repo)
	}{
		{"packs, by git repack -ad", func(r *repo) { r.git("repack", "-q"); r.commit("a", "x\n"); r.git("repack", "-q") },
			func(r *repo) { r.git("repack", "-qadf") }},
		{"loose objects, by git gc", func(*repo) {}, func(r *repo) { r.git("gc", "-q", "--prune=now") }},
		{"a pack, by git unpack-objects", func(r *repo) { r.git("repack", "-qad") }, func(r *repo) {
			data, err := os.ReadFile(r.pack("pack"))
			if err != nil {
				r.t.Fatal(err)
			}
			r.remove(r.pack("idx"))
			r.remove(r.pack("pack"))
			if out, err := r.try(string(data), "unpack-objects", "-q"); err != nil {
				r.t.Fatal(out)
			}
		}},
		{"a pack of which nothing can be read any more, by git repack -ad", func(r *repo) { r.git("-c", "pack.compression=0", "repack", "-qadF", "--depth=0", "--window=0") },
			func(r *repo) {
				old := filepath.Join(r.t.TempDir(), "old")
				if err := os.Link(r.pack("pack"), old); err != nil {
					r.t.Fatal(err)
				}
				r.git("-c", "pack.compression=9", "repack", "-qadF")
				if err := os.Chmod(old, 0o600); err != nil {
					r.t.Fatal(err)
				}
				if err := os.Truncate(old, 5000); err != nil {
					r.t.Fatal(err)
				}
			}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := grow(t)
			c.before(r)
			want := collect(t, r.open().History()).clean(t)
			h := r.open().History()
			b := newBorrower(t, 1)
			b.hook = func() { c.during(r) }
			b.got.err = h.Lend(t.Context(), 1, b)
			if got := b.got.clean(t); !reflect.DeepEqual(got.contents(), want.contents()) {
				t.Errorf("%d blobs, %d before", len(got.blobs), len(want.blobs))
			}
			collect(t, r.open(gitsource.Options{ThroughGit: true}).History()).clean(t)
		})
	}
}
