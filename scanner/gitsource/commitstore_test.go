package gitsource

import (
	"encoding/binary"
	"math/rand/v2"
	"reflect"
	"runtime"
	"testing"
	"time"
)

func TestACommitStoreGivesBackWhatWasPut(t *testing.T) {
	t.Parallel()
	for _, format := range []objectFormat{formatSHA1, formatSHA256} {
		random := rand.New(rand.NewPCG(1, 2))
		anID := func() (id oid) {
			for i := range format.size() {
				id[i] = byte(random.Uint32())
			}
			return id
		}
		s, want := newCommitStore(format), map[oid]commit{}
		for i := range 3000 {
			c := commit{tree: anID(), author: "A <a@example.org> " + string(rune('a'+i%7))}
			if i%5 != 0 {
				c.date = time.Unix(int64(i)-100, 0).UTC()
			}
			for range i % 4 {
				c.parents = append(c.parents, anID())
			}
			if i == 77 { // more than a chunk
				for range chunkBytes / 16 {
					c.parents = append(c.parents, anID())
				}
			}
			id := anID()
			want[id] = c
			s.put(id, c)
			s.put(id, commit{author: "a second time"})
		}
		if s.len() != len(want) || len(s.authors) != 7 {
			t.Fatalf("%d commits of %d authors", s.len(), len(s.authors))
		}
		for id, c := range want {
			n, ok := s.number(id)
			if !ok || s.idOf(n) != id || !reflect.DeepEqual(s.commit(n), c) {
				t.Fatalf("commit %d, %v: %+v, want %+v", n, ok, s.commit(n), c)
			}
		}
		if _, ok := s.number(anID()); ok {
			t.Error("a commit that was never put is there")
		}
	}
}

// A history of a million commits must fit: about 110 bytes each.
func TestACommitTakesLittleMemory(t *testing.T) {
	s := newCommitStore(formatSHA1)
	const commits = 200_000
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var id oid
	for i := range uint64(commits) {
		c := commit{tree: id, parents: []oid{id}, author: "A <a@example.org>", date: time.Unix(int64(i), 0)}
		binary.LittleEndian.PutUint64(id[:], i*0x9e3779b97f4a7c15)
		s.put(id, c)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if each := (after.HeapAlloc - before.HeapAlloc) / commits; each > 110 {
		t.Errorf("%d bytes for each commit", each)
	}
	runtime.KeepAlive(s)
}
