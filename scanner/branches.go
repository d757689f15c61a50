package scanner

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// RefLister is a Source that knows which branches and tags lead to commits. It is asked after Blobs, once, for all
// commits of all findings, when [Options].Branches is set.
//
// The names are full, refs/heads/main, and sorted; the caller must not change them. A commit that none leads to has
// no entry. A *Skip in the error means that names are missing.
type RefLister interface {
	RefsOf(ctx context.Context, commits []string) (map[string][]string, error)
}

// RefsOf asks each source that can. The error joins theirs.
func (j *joined) RefsOf(ctx context.Context, commits []string) (map[string][]string, error) {
	all := map[string][]string{}
	var failed []error
	for _, source := range j.sources {
		lister, can := source.(RefLister)
		if !can {
			continue
		}
		refs, err := lister.RefsOf(ctx, commits)
		failed = append(failed, err)
		for commit, names := range refs {
			all[commit] = union(all[commit], names)
		}
	}
	return all, errors.Join(failed...)
}

// addRefs tells each finding the branches and tags that lead to one of its places.
func (r *scanRun) addRefs(ctx context.Context, source Source, findings []Finding) {
	lister, can := source.(RefLister)
	if !can || !r.scanner.options.Branches || len(findings) == 0 {
		return
	}
	var commits []string
	for i := range findings {
		for l := range findings[i].places() {
			if l.Commit != "" {
				commits = append(commits, l.Commit)
			}
		}
	}
	slices.Sort(commits)
	refs, err := lister.RefsOf(ctx, slices.Compact(commits))
	for _, skip := range attributionSkips(err) {
		r.skip(skip)
	}
	for i := range findings {
		for l := range findings[i].places() {
			findings[i].Refs = union(findings[i].Refs, refs[l.Commit])
			if l.Commit == "" && IsBranchOrTag(l.Ref) {
				findings[i].Refs = union(findings[i].Refs, []string{l.Ref})
			}
		}
	}
}

// places yields every place of a finding that is kept.
func (f *Finding) places() func(yield func(*Location) bool) {
	return func(yield func(*Location) bool) {
		if !yield(&f.Location) {
			return
		}
		for i := range f.Locations {
			if !yield(&f.Locations[i]) {
				return
			}
		}
	}
}

// IsBranchOrTag says whether the full name of a ref is that of a branch, here or at a remote, or of a tag.
func IsBranchOrTag(ref string) bool {
	return strings.HasPrefix(ref, "refs/heads/") || strings.HasPrefix(ref, "refs/remotes/") || strings.HasPrefix(ref, "refs/tags/")
}

// union is what one of two sorted lists has, sorted. Neither is changed; one may be returned.
func union(a, b []string) []string {
	switch {
	case len(a) == 0:
		return b
	case len(b) == 0 || len(a) == len(b) && &a[0] == &b[0]:
		return a
	}
	all := append(slices.Clone(a), b...)
	slices.Sort(all)
	return slices.Compact(all)
}
