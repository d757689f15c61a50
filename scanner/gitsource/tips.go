package gitsource

import (
	"cmp"
	"context"
	"slices"
)

// Tip is a ref and the object that it points to, in lower-case hex.
type Tip struct{ Name, ID string }

// Tips are all refs, and HEAD where it leads to something, sorted by name.
func (r *Repository) Tips(ctx context.Context) []Tip {
	table := r.allRefs(ctx)
	tips := make([]Tip, 0, len(table.refs)+1)
	for _, x := range table.refs {
		tips = append(tips, Tip{x.name, r.format.hex(x.id)})
	}
	if table.hasHead {
		tips = append(tips, Tip{"HEAD", r.format.hex(table.head)})
	}
	slices.SortFunc(tips, func(a, b Tip) int { return cmp.Compare(a.Name, b.Name) })
	return tips
}
