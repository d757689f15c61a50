package gitsource

import (
	"hash/maphash"
	"strings"
	"sync"

	"github.com/keywright/keywright/scanner"
)

// nameShards is how many parts a set of names has, each with a lock of its own.
const nameShards = 64

// nameSet remembers file names, so that each is scanned once. A name is a blob of its own: its id is the one
// that git would give a file with this content, so a file and a name of the same text are one blob.
// Safe for concurrent use.
type nameSet struct {
	format objectFormat
	seed   maphash.Seed
	shards *[nameShards]nameShard
	mu     *sync.Mutex
	byID   map[oid]string
}

// nameShard is read much more often than it is written.
type nameShard struct {
	mu   sync.RWMutex
	seen map[string]struct{}
}

func newNameSet(f objectFormat) nameSet {
	n := nameSet{format: f, seed: maphash.MakeSeed(), shards: new([nameShards]nameShard), mu: new(sync.Mutex), byID: map[oid]string{}}
	for i := range n.shards {
		n.shards[i].seen = map[string]struct{}{}
	}
	return n
}

// add returns the blob of a name that is new.
func (n nameSet) add(name []byte) (scanner.Blob, bool) {
	if !n.shards[maphash.Bytes(n.seed, name)%nameShards].add(name) {
		return scanner.Blob{}, false
	}
	data := append(append(make([]byte, 0, len(name)+1), name...), '\n')
	id := n.format.contentID(data)
	key, _ := n.format.parse([]byte(id))
	n.mu.Lock()
	defer n.mu.Unlock()
	n.byID[key] = string(name)
	return scanner.Blob{ID: id, Kind: scanner.KindName, Data: data, Location: scanner.Location{Kind: scanner.KindName}}, true
}

// add says whether a name is new.
func (s *nameShard) add(name []byte) bool {
	s.mu.RLock()
	_, known := s.seen[string(name)]
	s.mu.RUnlock()
	if known {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.seen[string(name)]; known {
		return false
	}
	s.seen[string(name)] = struct{}{}
	return true
}

// name is the file name whose blob has an id.
func (n nameSet) name(id scanner.BlobID) (string, bool) {
	key, ok := n.format.parse([]byte(id))
	if !ok {
		return "", false
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	name, ok := n.byID[key]
	return name, ok
}

func (n nameSet) has(id scanner.BlobID) bool {
	_, ok := n.name(id)
	return ok
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
