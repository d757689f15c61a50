package gitsource

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestParseConfig(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, text string
		want       storageConfig
	}{
		{"an empty one", "", storageConfig{}},
		{"SHA-256", "[core]\n\tbare = false\n[extensions]\n\tobjectFormat = sha256\n", storageConfig{format: formatSHA256}},
		{"SHA-1 with a comment, quotes and a CRLF", "[Extensions]\r\nobjectformat=\"sha1\" ; text\r\n", storageConfig{format: formatSHA1}},
		{"a key behind its section's name", "[extensions] objectformat = sha256", storageConfig{format: formatSHA256}},
		{"a format of tomorrow", "[extensions]\nobjectformat = sha3", storageConfig{unknown: "sha3"}},
		{"a reftable", "[extensions]\nrefStorage = reftable", storageConfig{refs: "reftable"}},
		{"the key in another section", "[core]\nobjectformat = sha256", storageConfig{}},
		{"an include, which is not followed", "[include]\npath = /etc/passwd\n", storageConfig{}},
		{"noise", "[\x00]=\n==\n[extensions\nobjectformat", storageConfig{}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := parseConfig([]byte(c.text)); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestPathLists(t *testing.T) {
	t.Parallel()
	if got, want := splitPathList(`/a:"/b:c\n":/d`), []string{"/a", "/b:c\n", "/d"}; !reflect.DeepEqual(got, want) {
		t.Errorf("a list of the environment is %q, want %q", got, want)
	}
	got := alternatesIn([]byte("# no\n/abs\n../rel\n\n\"/quoted\\tx\"\n"), "/r/objects")
	if want := []string{"/abs", "/r/rel", "/quoted\tx"}; !reflect.DeepEqual(got, want) {
		t.Errorf("alternates are %q, want %q", got, want)
	}
}

func TestSafeRefNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"refs/heads/main": true, "refs/heads/a/b-c_d.e@f": true, "refs/heads/\xff": true,
		"HEAD": false, "refs/heads/a b": false, "refs/heads/a\nb": false, "refs/heads/../x": false, "refs/heads/.x": false, "refs/heads//x": false,
		"refs/heads/x.lock": false, "refs/heads/x/": false, "refs/heads/x.": false, "refs/heads/x@{1}": false, "refs/heads/x*": false,
		"refs/heads/x\x7f": false, "refs/x.lock/y": false,
	} {
		if safeRefName(name) != want {
			t.Errorf("%q is safe: %v", name, !want)
		}
	}
}

func TestCommitsAndTagsAreParsed(t *testing.T) {
	t.Parallel()
	id := strings.Repeat("ab", 20)
	g := newGraph(formatSHA1)
	c, ok := g.addCommit(oid{1}, []byte("tree "+id+"\nparent "+id+"\nparent "+id+"\nauthor A <a@b> 10 +0200\ncommitter C <c@d> 20 -0100\ngpgsig x\n y\n\ntree no\n"))
	if !ok || len(c.parents) != 2 || c.author != "A <a@b>" || !c.date.Equal(time.Unix(20, 0)) {
		t.Errorf("commit is %+v, %v", c, ok)
	}
	x, ok := g.addTag(oid{2}, []byte("object "+id+"\ntype blob\ntag v1\ntagger T <t@u> 30 +0000\n\ntext\n"))
	if !ok || x.kind != typeBlob || x.author != "T <t@u>" || !x.date.Equal(time.Unix(30, 0)) {
		t.Errorf("tag is %+v, %v", x, ok)
	}
	for _, text := range []string{"", "\n\ntree " + id, "tree x\n", "author A <a@b> x\n", "parent " + id + "\n"} {
		if _, ok := g.addCommit(oid{3}, []byte(text)); ok {
			t.Errorf("%q is a commit", text)
		}
	}
	if g.commits.len() != 1 {
		t.Errorf("%d commits were kept", g.commits.len())
	}
}

func TestOldestFirstPutsParentsBeforeChildrenWhateverTheirDates(t *testing.T) {
	t.Parallel()
	g := newGraph(formatSHA1)
	day := func(n int) time.Time { return time.Unix(int64(n)*86400, 0) }
	g.commits.put(oid{1}, commit{date: day(9)})
	g.commits.put(oid{2}, commit{parents: []oid{{1}}, date: day(1)})
	g.commits.put(oid{3}, commit{parents: []oid{{2}}, date: day(3)})
	g.commits.put(oid{4}, commit{date: day(2)})
	g.commits.put(oid{5}, commit{parents: []oid{{3}, {4}, {4}}, date: day(4)})
	all := g.reach([]ref{{name: "r", id: oid{5}}}, nil)
	if got, want := g.timelineOf(all.commits).ids, []oid{{4}, {1}, {2}, {3}, {5}}; !reflect.DeepEqual(got, want) {
		t.Errorf("order is %v", got)
	}
}

func FuzzTreeEntries(f *testing.F) {
	f.Add([]byte("100644 a\x00" + strings.Repeat("x", 20) + "40000 dir\x00" + strings.Repeat("y", 20)))
	f.Add([]byte("100644 a\x00short"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var again []byte
		whole := treeEntries(formatSHA1, data, func(e treeEntry) {
			again = append(append(append(append(again, e.mode...), ' '), e.name...), 0)
			again = append(again, e.id[:20]...)
		})
		if whole != bytes.Equal(again, data) || !bytes.HasPrefix(data, again) {
			t.Fatal("the entries are not the tree")
		}
	})
}

func FuzzDiffTree(f *testing.F) {
	id, null := strings.Repeat("1", 40), strings.Repeat("0", 40)
	f.Add([]byte(id + "\x00:000000 100644 " + null + " " + id + " A\x00path\x00"))
	f.Add([]byte(id + "\x00::100644 100644 100644 " + id + " " + id + " " + id + " MM\x00a\x00"))
	f.Add([]byte(":100644 000000 " + id + " " + null + " D\x00gone\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		d := diffReader{format: formatSHA1, in: bufio.NewReaderSize(bytes.NewReader(data), 16)}
		for range len(data) + 1 {
			c, isCommit, err := d.next()
			if err != nil {
				if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, errDiffForm) {
					t.Fatalf("error is %v", err)
				}
				return
			}
			if !isCommit && c.id == (oid{}) {
				t.Fatal("a path without content")
			}
		}
		t.Fatal("more lines than bytes")
	})
}

func FuzzStage(f *testing.F) {
	f.Add([]byte("100644 " + strings.Repeat("1", 40) + " 0\tpath\x00160000 " + strings.Repeat("2", 40) + " 0\tmodule\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, err := formatSHA1.parseStage(data)
		if err == nil && len(entries) > bytes.Count(data, []byte("\t")) {
			t.Fatal("more files than lines")
		}
	})
}

func FuzzHeaders(f *testing.F) {
	id := strings.Repeat("ab", 20)
	f.Add([]byte("tree " + id + "\nauthor A <a@b> 10 +0200\ncommitter C <c@d> 20 -0100\n\ntext"))
	f.Add([]byte("object " + id + "\ntype commit\ntagger >< 1\n"))
	f.Add([]byte("tree " + id + "\ncommitter > 99999999999999999999\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		g := newGraph(formatSHA1)
		if _, ok := g.addCommit(oid{1}, data); ok && !bytes.Contains(data, []byte("tree ")) {
			t.Fatal("a commit without a tree")
		}
		if _, ok := g.addTag(oid{1}, data); ok && !bytes.Contains(data, []byte("object ")) {
			t.Fatal("a tag of nothing")
		}
		parseConfig(data)
		alternatesIn(data, "/o")
		splitPathList(string(data))
	})
}

func FuzzRefLines(f *testing.F) {
	id := strings.Repeat("ab", 20)
	f.Add([]byte(id + " refs/heads/main\n"))
	f.Add([]byte("^" + id + "\n"))
	f.Add([]byte("# pack-refs with: peeled fully-peeled sorted \n"))
	f.Add([]byte(id + " " + strings.Repeat("0", 40) + " A <a@b> 1 +0000\tcommit: text\n"))
	f.Fuzz(func(t *testing.T, line []byte) {
		if x, ok := formatSHA1.packedRef(line); ok && formatSHA1.hex(x.id) != strings.ToLower(string(line[:40])) {
			t.Fatal("a ref with another id than its line's")
		}
		for _, id := range formatSHA1.reflogLine(line) {
			if !bytes.Contains(bytes.ToLower(line), []byte(formatSHA1.hex(id))) {
				t.Fatal("an id that the line does not have")
			}
		}
		r := &Repository{format: formatSHA1}
		if name, _, ok := r.resolveRef(line, nil); ok && name != "" {
			t.Fatal("a name that no ref has was resolved")
		}
	})
}
