// Package packfile reads git's pack files at memory speed.
//
// Knows: the layout of a pack and of its index (v1, v2), entries, deltas, and zlib streams.
// Must not know: repositories, refs, loose objects, what the objects mean.
// In: paths of packs, or bytes. Out: [Pack], [Walk]'s objects, [Index], [Header]; errors that wrap [ErrCorrupt],
// [ErrUnsupported] or [ErrChanged].
// Promises: an index whose checksum does not hold is refused. A walk gives or reports every object of the indexes,
// each once. No input makes it panic, hang, or hold more than its caps; a pack that is truncated while it is
// read does neither: its objects are reported.
// Not promised: that a pack's own trailing checksum holds, or, unless [Options].VerifyIDs asks for it, that an object
// is the one of its id; git does not look either when it reads. A multi-pack-index is not read: git keeps each
// pack's own index beside it.
package packfile
