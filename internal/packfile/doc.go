// Package packfile reads git's pack files.
//
// Knows: the layout of a pack index (v1, v2) and of a pack's header and trailer.
// Must not know: repositories, refs, the file system, what the objects mean.
// In: bytes. Out: [Index], [Header]; errors that wrap [ErrCorrupt] or [ErrUnsupported].
// Promises: an index whose checksum does not hold is refused; no input makes it panic or allocate more than
// the input's own size.
// Not promised: that an object at an offset can be inflated.
package packfile
