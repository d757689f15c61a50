package packfile

import "sync/atomic"

// How work is shared. The trees of a walk are taken one by one. When none is left, workers wait, and those that have
// a tree give parts of it away: the frame at the bottom of the stack, which leads to the most, or, when there is no
// other, half of the children of the only one, whose base both then use. So one tree that has most of the objects
// of a pack keeps all workers busy, as long as it is no single chain.
//
// It cannot hang: a worker waits only while another has work, and that one looks at no one else in order to end it;
// when the last has none, or the walk is stopped, all are woken.

// worthSharing is how many nodes a part must have, so that giving it away costs less than it saves.
const worthSharing = 8

// base is the content that children are made from. Several workers may use it at once.
type base struct {
	source
	kind    Type
	content []byte
	users   atomic.Int32 // frames that lead to it
}

// task is what a worker goes through: a root and all below it, a part that another worker gave away, or what is
// wrong with a pack.
type task struct {
	pack   int
	root   int32
	weight int32
	handed frame // with a base: this part instead of the root
}

// wholePack is the root of a task that stands for the failures of a pack.
const wholePack = -1

// keep makes a content the base of what is to come.
func (k *worker) keep(content []byte, own source) *base {
	b := &base{}
	if last := len(k.bases) - 1; last >= 0 {
		b, k.bases = k.bases[last], k.bases[:last]
	}
	b.source, b.kind, b.content = own, k.kind, content
	b.users.Store(1)
	return b
}

// drop says that a frame is done with its base; the last one gives it back.
func (k *worker) drop(b *base) {
	if b.users.Add(-1) > 0 {
		return
	}
	k.release(b.content)
	b.source, b.content = source{}, nil
	k.bases = append(k.bases, b)
}

// take gives the next task; false when there is none and will be none.
func (w *walk) take() (task, bool) {
	if w.stopped.Load() {
		return task{}, false
	}
	if i := w.next.Add(1) - 1; i < int64(len(w.trees)) {
		return w.trees[i], true
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.idle++
	for {
		last := len(w.handed) - 1
		switch {
		case w.stopped.Load():
			return task{}, false
		case last >= 0:
			t := w.handed[last]
			w.handed = w.handed[:last]
			w.idle--
			w.countHungry()
			return t, true
		case w.idle == w.options.Workers:
			w.wake.Broadcast()
			return task{}, false
		}
		w.countHungry()
		w.wake.Wait()
	}
}

func (w *walk) countHungry() {
	w.hungry.Store(int32(w.idle - len(w.handed))) //nolint:gosec // a number of goroutines
}

// hand gives a part away.
func (w *walk) hand(t task) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.handed = append(w.handed, t)
	w.countHungry()
	w.wake.Signal()
}

// share gives a part of the stack away, if there is one that is worth it.
func (k *worker) share() {
	if len(k.stack) > 1 {
		f := k.stack[0]
		if k.worth(f.next, f.end) {
			k.stack = append(k.stack[:0], k.stack[1:]...)
			k.walk.hand(task{pack: k.pack, handed: f})
		}
		return
	}
	f := &k.stack[0]
	middle := f.next + (f.end-f.next)/2
	if middle > f.next && k.worth(f.next, middle) && k.worth(middle, f.end) {
		f.base.users.Add(1)
		k.walk.hand(task{pack: k.pack, handed: frame{f.base, middle, f.end}})
		f.end = middle
	}
}

// worth says whether children have enough below them, themselves included.
func (k *worker) worth(next, end int32) bool {
	nodes := end - next
	for i := next; i < end && nodes < worthSharing; i++ {
		nodes += k.forest.weight[k.forest.kids[i]] - 1
	}
	return nodes >= worthSharing
}
