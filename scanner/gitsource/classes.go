package gitsource

import (
	"encoding/binary"
	"slices"
)

// classEntry is an entry of a tree that leads to something wanted.
type classEntry struct {
	name  int32
	what  int32 // of a tree its class, of a wanted file its place among the wanted; else notWanted
	kind  fileKind
	files bool // of a tree with a wanted name: a file stands in it or below
}

func (e *classEntry) sameName(b *classEntry) bool {
	return e.name == b.name && (e.kind == kindTree) == (b.kind == kindTree)
}

// class is what many trees have in common: what is wanted stands at the same paths in all of them. Two commits whose
// trees are of one class differ in nothing that is looked for, and most commits are of the class of their parent.
type class struct {
	entries []classEntry // in the order of the tree
	unread  bool         // a tree that cannot be read is of a class of its own
	byName  map[classEntry]int
}

// noClass is that of the trees in which nothing wanted stands.
const noClass = 0

// maxTreeDepth is how deep trees are followed; git's own limit is 2048 since 2.43, core.maxTreeDepth, read
// 2026-11-24.
const maxTreeDepth = 4096

// classes tells the trees' classes.
type classes struct {
	table   *treeTable
	all     []class
	of      []int32 // by tree: its class, or one of the two below
	hasFile []bool  // by tree: a file stands in it or below; only when names are wanted
	byKey   map[string]int32
	key     []byte
}

const (
	classUnknown = -1
	classInWork  = -2
)

func newClasses(t *treeTable) *classes {
	c := &classes{table: t, all: []class{{}}, byKey: map[string]int32{}}
	c.grow()
	return c
}

// grow makes room for trees that were numbered since.
func (c *classes) grow() {
	for len(c.of) < len(c.table.nodes) {
		c.of = append(c.of, classUnknown)
	}
	if n := len(c.table.nodes) - len(c.hasFile); n > 0 && len(c.table.wanted.names) > 0 {
		c.hasFile = append(c.hasFile, make([]bool, n)...)
	}
}

// classOf is the class of a tree by its id.
func (c *classes) classOf(id oid) int32 {
	root := c.table.number(id)
	c.grow()
	if c.of[root] == classUnknown {
		c.classify(root)
	}
	return c.of[root]
}

// classify goes through a tree and all below it, children first.
func (c *classes) classify(root int32) {
	type step struct {
		tree int32
		next int
	}
	c.of[root] = classInWork
	stack := []step{{tree: root}}
	for len(stack) > 0 {
		top := &stack[len(stack)-1]
		node := &c.table.nodes[top.tree]
		if top.next == len(node.held) {
			c.settle(top.tree)
			stack = stack[:len(stack)-1]
			continue
		}
		h := &node.held[top.next]
		top.next++
		if h.kind != kindTree || c.of[h.what] >= 0 {
			continue
		}
		if c.of[h.what] == classInWork || len(stack) >= maxTreeDepth {
			c.of[h.what] = c.unreadClass(h.what) // only in a store that was made by hand
			continue
		}
		c.of[h.what] = classInWork
		stack = append(stack, step{tree: h.what})
	}
}

// settle gives a tree its class when all below it have theirs.
func (c *classes) settle(tree int32) {
	if c.of[tree] >= 0 {
		return // it holds itself
	}
	node := &c.table.nodes[tree]
	if !node.read {
		c.of[tree] = c.unreadClass(tree)
		return
	}
	c.key = c.key[:0]
	files := node.files
	for i := range node.held {
		e := c.entry(&node.held[i])
		files = files || e.kind.hasContent() || e.kind == kindTree && c.hasFile != nil && c.hasFile[node.held[i].what]
		if c.matters(&e) {
			c.key = e.append(c.key)
		}
	}
	if c.hasFile != nil {
		c.hasFile[tree] = files
	}
	c.of[tree] = c.intern(func() class { return class{entries: c.entries(node)} })
}

func (c *classes) entry(h *held) classEntry {
	e := classEntry{name: h.name, what: h.what, kind: h.kind}
	if h.kind == kindTree {
		e.what = c.of[h.what]
		e.files = c.nameWanted(h.name) && c.hasFile[h.what]
	}
	return e
}

func (c *classes) nameWanted(name int32) bool {
	if len(c.table.wanted.names) == 0 {
		return false
	}
	_, ok := c.table.wanted.names[c.table.names.words[name]]
	return ok
}

// matters says whether an entry leads to something wanted, or is a wanted name.
func (c *classes) matters(e *classEntry) bool {
	return e.kind == kindTree && e.what != noClass || e.kind != kindTree && e.what != notWanted || c.nameWanted(e.name)
}

func (c *classes) entries(node *treeNode) []classEntry {
	var out []classEntry
	for i := range node.held {
		if e := c.entry(&node.held[i]); c.matters(&e) {
			out = append(out, e)
		}
	}
	return slices.Clip(out)
}

// append writes an entry as 10 bytes.
func (e *classEntry) append(key []byte) []byte {
	key = binary.LittleEndian.AppendUint32(key, uint32(e.name)) //nolint:gosec // bits are bits
	key = binary.LittleEndian.AppendUint32(key, uint32(e.what)) //nolint:gosec // bits are bits
	files := byte(0)
	if e.files {
		files = 1
	}
	return append(key, byte(e.kind), files)
}

// unreadClass is the class of one tree that cannot be read.
func (c *classes) unreadClass(tree int32) int32 {
	c.key = binary.LittleEndian.AppendUint32(append(c.key[:0], "unread "...), uint32(tree)) //nolint:gosec // bits are bits
	return c.intern(func() class { return class{unread: true} })
}

// intern finds the class of c.key, which is empty for noClass.
func (c *classes) intern(build func() class) int32 {
	if len(c.key) == 0 {
		return noClass
	}
	if n, ok := c.byKey[string(c.key)]; ok {
		return n
	}
	n := int32(len(c.all)) //nolint:gosec // not more than trees
	c.all = append(c.all, build())
	c.byKey[string(c.key)] = n
	return n
}

// shortClass is up to how many entries are searched one by one.
const shortClass = 8

// find looks for an entry of the same name in another class; hint is where it likely stands. A tree and a file of
// one name are two.
func (c *classes) find(number int32, e *classEntry, hint int) *classEntry {
	in := &c.all[number]
	if hint < len(in.entries) && in.entries[hint].sameName(e) {
		return &in.entries[hint]
	}
	if len(in.entries) <= shortClass {
		for i := range in.entries {
			if in.entries[i].sameName(e) {
				return &in.entries[i]
			}
		}
		return nil
	}
	if in.byName == nil {
		in.byName = make(map[classEntry]int, len(in.entries))
		for i := range in.entries {
			in.byName[in.entries[i].nameOnly()] = i
		}
	}
	if i, ok := in.byName[e.nameOnly()]; ok {
		return &in.entries[i]
	}
	return nil
}

// nameOnly is an entry in which only what sameName compares is set.
func (e *classEntry) nameOnly() classEntry {
	n := classEntry{name: e.name}
	if e.kind != kindTree {
		n.kind = kindPlain
	}
	return n
}
