package gitsource

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"

	"github.com/keywright/keywright/scanner"
)

const (
	// maxPlaceSteps is how many entries of trees are compared for all places. Trees that name themselves over and
	// over reach it, and histories of some hundred million places.
	maxPlaceSteps = 200_000_000
	// maxUnreadCommits are named one by one.
	maxUnreadCommits = 200
	maxTreeBytes     = 256 << 20
)

func attributionWorkers() int { return runtime.GOMAXPROCS(0) }

// attribution finds what commits introduced: at each path what none of the parents has there. It compares classes of
// trees, so it looks at no tree twice and at no commit that leaves alone what is wanted.
type attribution struct {
	history *History
	places  *places
	classes *classes
	line    *timeline
	cut     []oid // at which commits history stops, sorted

	steps  int
	path   []byte
	at     scanner.Location // of the commit in work
	unread bool             // in the commit in work a tree could not be read
}

var errPlaceSteps = errors.New("too many places to compare")

// locateOwn finds places without git. usable is false when git has to do it.
func (h *History) locateOwn(ctx context.Context, all reached, p *places) (problems []error, usable bool) {
	if h.repo.options.ThroughGit {
		return nil, false
	}
	st, err := h.repo.shim.openStore(ctx)
	if err != nil {
		return nil, false
	}
	table, err := st.readTrees(ctx, newWanted(p))
	if ctx.Err() != nil {
		return []error{ctx.Err()}, true
	}
	if err != nil {
		return nil, false
	}
	a := &attribution{history: h, places: p, classes: newClasses(table), line: h.graph.timelineOf(all.commits), cut: h.boundaries(all)}
	problems, err = a.commits(ctx, all.commits)
	if err == nil {
		var more []error
		more, err = a.others(all.others)
		problems = append(problems, more...)
	}
	if err != nil {
		problems = append(problems, h.repo.attributionSkip(oid{}, err))
	}
	return problems, true
}

// commits goes through all commits, the oldest first.
func (a *attribution) commits(ctx context.Context, refs map[oid]string) (problems []error, err error) {
	roots := a.roots()
	unread := 0
	var parents []int32
	for i, id := range a.line.ids {
		if i%1024 == 0 && ctx.Err() != nil {
			return problems, ctx.Err()
		}
		parents = parents[:0]
		if !a.isCut(id) {
			for _, p := range a.line.parents[i] {
				parents = append(parents, roots[p])
			}
		}
		if roots[i] == noClass || slices.Contains(parents, roots[i]) {
			continue
		}
		a.begin(id, refs[id])
		if err := a.compare(roots[i], parents); err != nil {
			return problems, err
		}
		if !a.unread {
			continue
		}
		if unread++; unread <= maxUnreadCommits {
			problems = append(problems, a.skip(id))
		}
	}
	if unread > maxUnreadCommits {
		problems = append(problems, a.history.repo.attributionSkip(oid{}, fmt.Errorf("of %d more commits trees could not be read", unread-maxUnreadCommits)))
	}
	return problems, nil
}

// roots are the classes of the commits' trees.
func (a *attribution) roots() []int32 {
	roots := make([]int32, len(a.line.ids))
	for i, id := range a.line.ids {
		of, _ := a.history.graph.commit(id)
		roots[i] = a.classes.classOf(of.tree)
	}
	return roots
}

func (a *attribution) isCut(id oid) bool {
	_, is := slices.BinarySearchFunc(a.cut, id, compareIDs)
	return is
}

func (a *attribution) begin(id oid, refName string) {
	of, _ := a.history.graph.commit(id)
	a.at = scanner.Location{Commit: a.history.repo.format.hex(id), Author: of.author, Date: of.date, Ref: refName}
	a.path, a.unread = a.path[:0], false
}

func (a *attribution) skip(id oid) *scanner.Skip {
	return a.history.repo.attributionSkip(id, errTreeUnread)
}

var errTreeUnread = errors.New("a tree could not be read: what stands in it has no place")

// compare visits what a tree of a class has that none of its parents has, in the order of the paths.
func (a *attribution) compare(own int32, parents []int32) error {
	all := a.classes.all
	if all[own].unread || slices.ContainsFunc(parents, func(n int32) bool { return all[n].unread }) {
		a.unread = true
		return nil
	}
	below := make([]int32, 0, len(parents))
	for i := range all[own].entries {
		if a.steps++; a.steps > maxPlaceSteps {
			return errPlaceSteps
		}
		e := &all[own].entries[i]
		same, known := false, false
		below = below[:0]
		for _, n := range parents {
			b := a.classes.find(n, e, i)
			if b == nil {
				continue
			}
			known = true
			same = same || *b == *e
			if e.kind == kindTree {
				below = append(below, b.what)
			}
		}
		if same {
			continue
		}
		if err := a.visit(e, known, below); err != nil {
			return err
		}
	}
	return nil
}

// visit takes an entry that no parent has like this; known says that one has another at its path.
func (a *attribution) visit(e *classEntry, known bool, below []int32) error {
	name := a.classes.table.names.words[e.name]
	if len(a.path)+len(name) > maxPathBytes {
		return fmt.Errorf("a path of more than %d bytes: %w", maxPathBytes, errTooLarge)
	}
	length := len(a.path)
	defer func() { a.path = a.path[:length] }()
	wantedName := a.classes.nameWanted(e.name)
	if e.kind == kindTree {
		if wantedName && e.files {
			a.addName(name)
		}
		a.path = append(append(a.path, name...), '/')
		return a.compare(e.what, below)
	}
	if wantedName && !known && e.kind.hasContent() {
		a.addName(name)
	}
	if e.kind.hasContent() && e.what != notWanted {
		l := a.at
		l.Kind, l.Path = scanner.KindFile, string(a.path)+name
		a.places.add(a.classes.table.wanted.ids[e.what], l)
	}
	return nil
}

// addName takes a wanted name in the folder in work. It counts once there.
func (a *attribution) addName(name string) {
	dir := string(a.path[:max(len(a.path)-1, 0)])
	a.places.name(a.classes.table.wanted.names[name], dir, a.at)
}

// others looks at what refs and tags point to other than commits: a blob, or a tree's files.
func (a *attribution) others(refs []ref) (problems []error, err error) {
	for _, x := range refs {
		if id := a.history.repo.format.blobID(x.id); a.places.ids[id] {
			a.places.add(id, scanner.Location{Kind: scanner.KindFile, Ref: x.name})
			continue
		}
		if !a.classes.table.has(x.id) {
			continue
		}
		a.at, a.path, a.unread = scanner.Location{Ref: x.name}, a.path[:0], false
		if err := a.compare(a.classes.classOf(x.id), nil); err != nil {
			return problems, err
		}
		if a.unread {
			problems = append(problems, a.skip(x.id))
		}
	}
	return problems, nil
}
