package gitsource

import "container/heap"

// timeline is commits by number, parents before children, else the oldest first, else by id.
type timeline struct {
	ids     []oid
	parents [][]int32 // of each, those among the commits
	dates   []int64   // seconds
}

// timelineOf orders what was reached.
func (g *graph) timelineOf(reached map[oid]string) *timeline {
	ids := make([]oid, 0, len(reached))
	number := make(map[oid]int32, len(reached))
	for id := range reached {
		number[id] = int32(len(ids)) //nolint:gosec // memory ends before
		ids = append(ids, id)
	}
	t := &timeline{ids: ids, parents: make([][]int32, len(ids)), dates: make([]int64, len(ids))}
	var all []int32
	var parents []oid
	for i, id := range ids {
		n, _ := g.commits.number(id)
		t.dates[i] = g.commits.date(n).Unix()
		from := len(all)
		parents = g.commits.parents(n, parents[:0])
		for _, p := range parents {
			if n, ok := number[p]; ok {
				all = append(all, n)
			}
		}
		t.parents[i] = all[from:len(all):len(all)]
	}
	return t.inOrder(t.order())
}

// order is the numbers in the order of time.
func (t *timeline) order() []int32 {
	children := t.children()
	waiting := make([]int32, len(t.ids))
	q := &timeQueue{line: t}
	for i := range t.ids {
		waiting[i] = int32(len(t.parents[i])) //nolint:gosec // memory ends before
		if waiting[i] == 0 {
			q.numbers = append(q.numbers, int32(i))
		}
	}
	heap.Init(q)
	order := make([]int32, 0, len(t.ids))
	for len(q.numbers) > 0 {
		n := q.numbers[0]
		order = append(order, n)
		last := len(q.numbers) - 1
		q.numbers[0] = q.numbers[last]
		q.numbers = q.numbers[:last]
		if last > 0 {
			heap.Fix(q, 0)
		}
		for _, child := range children.of(n) {
			if waiting[child]--; waiting[child] == 0 {
				heap.Push(q, child)
			}
		}
	}
	return order
}

// inOrder numbers the commits anew.
func (t *timeline) inOrder(order []int32) *timeline {
	place := make([]int32, len(order))
	for i, n := range order {
		place[n] = int32(i)
	}
	next := &timeline{ids: make([]oid, len(order)), parents: make([][]int32, len(order)), dates: make([]int64, len(order))}
	for i, n := range order {
		next.ids[i], next.parents[i], next.dates[i] = t.ids[n], t.parents[n], t.dates[n]
		for k, p := range t.parents[n] {
			next.parents[i][k] = place[p]
		}
	}
	return next
}

// adjacency lists the children of each commit.
type adjacency struct {
	first []int32
	kids  []int32
}

func (a *adjacency) of(n int32) []int32 { return a.kids[a.first[n]:a.first[n+1]] }

func (t *timeline) children() *adjacency {
	a := &adjacency{first: make([]int32, len(t.ids)+2)}
	for _, parents := range t.parents {
		for _, p := range parents {
			a.first[p+2]++
		}
	}
	for i := range t.ids {
		a.first[i+2] += a.first[i+1]
	}
	a.kids = make([]int32, a.first[len(t.ids)+1])
	for i, parents := range t.parents {
		for _, p := range parents {
			a.kids[a.first[p+1]] = int32(i)
			a.first[p+1]++
		}
	}
	a.first = a.first[:len(t.ids)+1]
	return a
}

// timeQueue is a heap of commits, the oldest on top.
type timeQueue struct {
	line    *timeline
	numbers []int32
}

func (q *timeQueue) Len() int      { return len(q.numbers) }
func (q *timeQueue) Swap(i, j int) { q.numbers[i], q.numbers[j] = q.numbers[j], q.numbers[i] }
func (q *timeQueue) Push(x any)    { q.numbers = append(q.numbers, x.(int32)) }

// Pop is what heap.Interface asks for; the queue itself takes its top without it.
func (q *timeQueue) Pop() any {
	last := q.numbers[len(q.numbers)-1]
	q.numbers = q.numbers[:len(q.numbers)-1]
	return last
}

func (q *timeQueue) Less(i, j int) bool {
	a, b := q.numbers[i], q.numbers[j]
	if q.line.dates[a] != q.line.dates[b] {
		return q.line.dates[a] < q.line.dates[b]
	}
	return compareIDs(q.line.ids[a], q.line.ids[b]) < 0
}
