// Package packfile reads git's pack files at memory speed.
//
// Knows: the layout of a pack, of its index (v1, v2) and of a multi-pack-index, entries, deltas, and zlib streams.
// Must not know: repositories, refs, loose objects, what the objects mean.
// In: paths of packs, or bytes. Out: [Pack], [Walk]'s objects, each with what it was made from, [Reader]'s objects by
// id, [Index], [MultiIndex], [Header]; errors that wrap [ErrCorrupt], [ErrUnsupported] or [ErrChanged].
// Promises: an index whose checksum does not hold is refused. A walk gives or reports every object of the indexes,
// each once. Segments rebuild an object from its base. No input makes it panic, hang, or hold more than its caps; a
// pack or an index that is truncated while it is read does neither: its objects are reported. One tree of deltas is
// shared by all workers. An open pack holds no file descriptor.
// Not promised: that a pack's own trailing checksum holds, or, unless [Options].VerifyIDs asks for it, that an object
// is the one of its id; git does not look either when it reads. A walk does not use a multi-pack-index: it needs the
// ids and offsets of each pack's own index all the same, and what a multi-pack-index says of copies would have to be
// proven by them; a [Reader] takes it as a hint.
package packfile
