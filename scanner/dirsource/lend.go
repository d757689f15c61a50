package dirsource

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/keywright/keywright/scanner"
)

// Lend gives what Blobs gives, in no order. Each worker reads a file into its own buffer and lends it there.
func (s *Source) Lend(ctx context.Context, workers int, b scanner.Borrower) error {
	q := newQueue()
	stopped := context.AfterFunc(ctx, func() { q.fail(ctx.Err()) })
	defer stopped()
	first := newLending(s, q, 0, b)
	err := s.open(&first.worker, func() error { return s.lend(first, max(1, workers), b) })
	s.counts, s.ignored = first.counts, first.ignored
	return cmp.Or(err, q.failure())
}

// Gave is false: files are not named by their content.
func (s *Source) Gave(scanner.BlobID) bool { return false }

// lend runs the workers on an opened root; the first is the caller.
func (s *Source) lend(first *lending, workers int, b scanner.Borrower) error {
	q := first.queue
	q.push(s.top())
	all := make([]*lending, workers)
	var group sync.WaitGroup
	for i := range all {
		all[i] = first
		if i > 0 {
			all[i] = newLending(s, q, i, b)
			all[i].disk.share(&first.disk)
			group.Go(all[i].work)
		}
	}
	first.work()
	group.Wait()
	for _, l := range all[1:] {
		first.counts.Blobs += l.counts.Blobs
		first.counts.Bytes += l.counts.Bytes
		first.counts.NotRegular += l.counts.NotRegular
		first.counts.Excluded += l.counts.Excluded
		first.ignored += l.ignored
	}
	return nil
}

// lending is a worker that shares its work with others.
type lending struct {
	worker
	queue *queue
}

func newLending(s *Source, q *queue, number int, b scanner.Borrower) *lending {
	l := &lending{queue: q}
	l.root, l.options = s.root, s.options
	l.give = func(blob scanner.Blob) error {
		_, err := b.Blob(number, scanner.Lent{Blob: blob})
		return err
	}
	l.skip = func(skip *scanner.Skip) error { return b.Skip(number, skip) }
	return l
}

func (l *lending) work() {
	for {
		t, ok := l.queue.next()
		if !ok {
			return
		}
		l.queue.done(l.do(t))
	}
}

// do works off one task: folders in it become tasks, its files are read here.
func (l *lending) do(t task) error {
	if t.files != nil {
		dir, err := l.disk.openFolder(t.rel)
		defer dir.close()
		if err != nil {
			return l.lost(t, err)
		}
		return l.visitAll(dir, t)
	}
	dir, entries, err := l.list(&t)
	defer func() { dir.close() }()
	if err != nil {
		return err
	}
	t.files = entries[:0]
	for _, e := range entries {
		if e.kind == folderEntry {
			l.queue.push(t.below(join(t.rel, e.name)))
			continue
		}
		t.files = append(t.files, e)
	}
	return l.visitAll(dir, t)
}

// visitAll reads files, and leaves half of those that are left to a worker that waits.
func (l *lending) visitAll(dir folder, t task) error {
	for files := t.files; len(files) > 0; files = files[1:] {
		if n := len(files); n > 1 && l.queue.starving() {
			l.queue.push(task{rel: t.rel, depth: t.depth, files: slices.Clone(files[n/2:])})
			files = files[:n/2]
		}
		if l.queue.over.Load() {
			return nil
		}
		if err := l.visit(dir, files[0], join(t.rel, files[0].name)); err != nil {
			return err
		}
	}
	return nil
}

// lost reports the files of a folder that vanished while they waited.
func (l *lending) lost(t task, err error) error {
	for _, e := range t.files {
		if e.kind != fileEntry {
			l.counts.NotRegular++
			continue
		}
		if err := l.unreadable(join(t.rel, e.name), err); err != nil {
			return err
		}
	}
	return nil
}

// queue holds what is still to be read. The newest comes first, so that it stays short.
type queue struct {
	mu    sync.Mutex
	ready *sync.Cond
	tasks []task
	busy  int // workers with a task
	err   error

	over    atomic.Bool  // nothing more is to be done
	waiting atomic.Int32 // workers without a task
	pending atomic.Int32 // tasks
}

func newQueue() *queue {
	q := &queue{}
	q.ready = sync.NewCond(&q.mu)
	return q
}

func (q *queue) push(t task) {
	q.mu.Lock()
	q.tasks = append(q.tasks, t)
	q.pending.Store(int32(len(q.tasks))) //nolint:gosec // a count of folders and halves of folders in memory
	q.mu.Unlock()
	q.ready.Signal()
}

// starving says that a worker waits and nothing waits for it.
func (q *queue) starving() bool { return q.waiting.Load() > 0 && q.pending.Load() == 0 }

// next waits for a task. False when there will be none.
func (q *queue) next() (task, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		n := len(q.tasks)
		switch {
		case q.over.Load():
			return task{}, false
		case n > 0:
			t := q.tasks[n-1]
			q.tasks[n-1] = task{}
			q.tasks = q.tasks[:n-1]
			q.pending.Store(int32(n - 1)) //nolint:gosec // see push
			q.busy++
			return t, true
		case q.busy == 0:
			q.end()
			return task{}, false
		}
		q.waiting.Add(1)
		q.ready.Wait()
		q.waiting.Add(-1)
	}
}

// done takes the outcome of a task; an error ends the work of all.
func (q *queue) done(err error) {
	if err != nil {
		q.fail(err)
	}
	q.mu.Lock()
	q.busy--
	idle := q.busy == 0
	q.mu.Unlock()
	if idle {
		q.ready.Broadcast() // whoever waits sees whether there is more
	}
}

func (q *queue) fail(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err == nil {
		q.err = err
	}
	q.end()
}

func (q *queue) end() {
	q.over.Store(true)
	q.ready.Broadcast()
}

func (q *queue) failure() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.err
}
