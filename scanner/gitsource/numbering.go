package gitsource

import (
	"sync"
	"sync/atomic"
)

const numberShards = 64

// numbering gives ids small numbers, from 0, so that what is known of them stands in a slice. Safe for concurrent use.
type numbering struct {
	next   atomic.Int32
	shards [numberShards]numberShard
}

type numberShard struct {
	mu  sync.Mutex
	ids map[oid]int32
}

// of is the number of an id, a new one when it has none.
func (n *numbering) of(id oid) int32 {
	s := &n.shards[id[0]%numberShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	number, ok := s.ids[id]
	if !ok {
		if s.ids == nil {
			s.ids = map[oid]int32{}
		}
		number = n.next.Add(1) - 1
		s.ids[id] = number
	}
	return number
}

// len is how many numbers were given.
func (n *numbering) len() int { return int(n.next.Load()) }

// wordNumbers is a numbering of names.
type wordNumbers struct {
	mu    sync.Mutex
	of    map[string]int32
	words []string
}

func newWordNumbers() *wordNumbers { return &wordNumbers{of: map[string]int32{}} }

func (w *wordNumbers) number(word []byte) int32 {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n, ok := w.of[string(word)]; ok {
		return n
	}
	n := int32(len(w.words)) //nolint:gosec // memory ends before
	w.words = append(w.words, string(word))
	w.of[w.words[n]] = n
	return n
}
