package packfile

// skips says whether a tree of deltas holds nothing that the walk gives: all objects of one are of their root's type.
// What cannot be told, because the root's base lies elsewhere or its head cannot be read, is gone through.
func (k *worker) skips(root int32) (skips bool) {
	only := k.walk.options.Only
	p := k.forest.pack
	if only == TypeUnknown || p.gone.Load() {
		return false
	}
	var fault error
	defer recoverFault(p, &fault)
	e, err := parseEntry(p.data, k.forest.offsets[root], p.hashSize)
	return err == nil && e.kind < offsetDelta && Type(e.kind) != only
}

// gives says whether the objects of the tree in work are of the type that was asked for.
func (k *worker) gives() bool {
	only := k.walk.options.Only
	return only == TypeUnknown || only == k.kind
}
