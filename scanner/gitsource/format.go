package gitsource

import (
	"crypto/sha1" //nolint:gosec // git's format, not a choice
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"

	"github.com/keywright/keywright/scanner"
)

// oid is an object id; a SHA-1 id fills the first 20 bytes.
type oid [32]byte

// objectFormat is the name of a repository's hash.
type objectFormat string

const (
	formatSHA1   objectFormat = "sha1"
	formatSHA256 objectFormat = "sha256"
)

// size is the length of an id in bytes.
func (f objectFormat) size() int {
	if f == formatSHA256 {
		return sha256.Size
	}
	return sha1.Size
}

func (f objectFormat) newHash() hash.Hash {
	if f == formatSHA256 {
		return sha256.New()
	}
	return sha1.New() //nolint:gosec // git's format
}

// parse reads a full id in hex.
func (f objectFormat) parse(text []byte) (id oid, ok bool) {
	if len(text) != 2*f.size() {
		return oid{}, false
	}
	_, err := hex.Decode(id[:f.size()], text)
	return id, err == nil
}

// raw takes a full id in bytes.
func (f objectFormat) raw(data []byte) (id oid) {
	copy(id[:f.size()], data)
	return id
}

func (f objectFormat) hex(id oid) string { return hex.EncodeToString(id[:f.size()]) }

func (f objectFormat) blobID(id oid) scanner.BlobID { return scanner.BlobID(f.hex(id)) }

// contentID is the id that git gives a blob of this content.
func (f objectFormat) contentID(data []byte) scanner.BlobID {
	h := f.newHash()
	_, _ = fmt.Fprintf(h, "blob %d\x00", len(data))
	h.Write(data)
	return scanner.BlobID(hex.EncodeToString(h.Sum(nil)))
}

// emptyTree is the id of the tree without entries, which git knows without having it.
func (f objectFormat) emptyTree() string {
	h := f.newHash()
	h.Write([]byte("tree 0\x00"))
	return hex.EncodeToString(h.Sum(nil))
}
