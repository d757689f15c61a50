package gitsource

import (
	"strings"

	"github.com/keywright/keywright/scanner"
)

// nameSet remembers file names, so that each is scanned once. A name is a blob of its own: its id is the one
// that git would give a file with this content, so a file and a name of the same text are one blob.
type nameSet struct {
	format objectFormat
	seen   map[string]struct{}
	byID   map[scanner.BlobID]string
}

func newNameSet(f objectFormat) nameSet {
	return nameSet{format: f, seen: map[string]struct{}{}, byID: map[scanner.BlobID]string{}}
}

// add returns the blob of a name that is new.
func (n nameSet) add(name []byte) (scanner.Blob, bool) {
	if _, ok := n.seen[string(name)]; ok {
		return scanner.Blob{}, false
	}
	n.seen[string(name)] = struct{}{}
	data := append(append(make([]byte, 0, len(name)+1), name...), '\n')
	id := n.format.contentID(data)
	n.byID[id] = string(name)
	return scanner.Blob{ID: id, Kind: scanner.KindName, Data: data, Location: scanner.Location{Kind: scanner.KindName}}, true
}

// parts returns the blobs of the new names among a path's folders and file.
func (n nameSet) parts(path string) []scanner.Blob {
	var blobs []scanner.Blob
	for part := range strings.SplitSeq(path, "/") {
		if b, fresh := n.add([]byte(part)); fresh {
			blobs = append(blobs, b)
		}
	}
	return blobs
}
