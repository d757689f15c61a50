package gitsource

import "github.com/keywright/keywright/scanner"

// presence tells which objects are there: by the indexes of the packs where they are open, so that it costs no
// memory for each object. Safe for concurrent use, but for add and lose.
type presence struct {
	store  *store           // nil: only what was added
	listed map[oid]struct{} // added one by one
	lost   map[oid]struct{} // an index or a file says that they are there, but nothing can be read of them
	over   map[oid]struct{} // there, but not given: over the cap
}

func newPresence(st *store) *presence {
	return &presence{store: st, listed: map[oid]struct{}{}, lost: map[oid]struct{}{}, over: map[oid]struct{}{}}
}

func (p *presence) add(id oid) { p.listed[id] = struct{}{} }

func (p *presence) lose(id oid) { p.lost[id] = struct{}{} }

// has looks for an object. hint is kept by the caller for the next call: objects that stand together lie together.
func (p *presence) has(id oid, hint *int) bool {
	if _, lost := p.lost[id]; lost {
		return false
	}
	if p.store != nil && p.store.has(id, hint) {
		return true
	}
	_, ok := p.listed[id]
	return ok
}

// Gave says whether Lend gave a blob of this id. The id of a tree, which is content of no file, is not told from one.
func (h *History) Gave(id scanner.BlobID) bool {
	if h.names.has(id) {
		return true
	}
	key, ok := h.repo.format.parse([]byte(id))
	if !ok || h.present == nil || !h.there(key) {
		return false
	}
	_, over := h.present.over[key]
	return !over && !h.unread[string(id)]
}

// there says whether an object is in the repository.
func (h *History) there(id oid) bool {
	hint := 0
	return h.present != nil && h.present.has(id, &hint)
}
