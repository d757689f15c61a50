package packfile

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // git's format, not a choice
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
)

// ErrCorrupt says that bytes are not what the format demands.
var ErrCorrupt = errors.New("corrupt")

// ErrUnsupported says that the bytes are of a version that this package does not read.
var ErrUnsupported = errors.New("unsupported version")

// The lengths of an object id in bytes.
const (
	SHA1Size   = sha1.Size
	SHA256Size = sha256.Size
)

const (
	fanoutBytes = 256 * 4
	v2Magic     = 0xff744f63 // "\377tOc"
	largeBit    = 1 << 31
)

// Index is a parsed pack index. It keeps the bytes it was made of.
//
// Source: git's Documentation/gitformat-pack.txt, read 2026-11-23.
type Index struct {
	hashSize int
	count    int
	fanout   []byte
	ids      []byte // v2: count ids; v1: count pairs of a 4-byte offset and an id
	v1       bool
	offsets  []byte // v2 only
	large    []byte // v2 only
	trailer  []byte // pack checksum, index checksum
}

// ParseIndex reads an index of objects whose ids are hashSize bytes long. The caller must not change data
// afterwards.
//
// Errors: ErrCorrupt for a wrong length, order, count, offset or checksum; ErrUnsupported for other versions.
func ParseIndex(data []byte, hashSize int) (*Index, error) {
	if hashSize != SHA1Size && hashSize != SHA256Size {
		return nil, fmt.Errorf("index of %d-byte ids: %w", hashSize, ErrUnsupported)
	}
	if len(data) < fanoutBytes+2*hashSize {
		return nil, fmt.Errorf("index of %d bytes is too short: %w", len(data), ErrCorrupt)
	}
	if err := checkSum(data, hashSize); err != nil {
		return nil, err
	}
	x := &Index{hashSize: hashSize, trailer: data[len(data)-2*hashSize:]}
	body := data[:len(data)-2*hashSize]
	if binary.BigEndian.Uint32(body) != v2Magic {
		return x, x.parseV1(body)
	}
	return x, x.parseV2(body)
}

// leastEntryBytes is the shortest entry of a pack: a byte of header, and eight of zlib for no content.
const leastEntryBytes = 9

// MaxIndexBytes is the length of the longest index that a pack of packBytes can have.
func MaxIndexBytes(packBytes int64, hashSize int) int64 {
	perObject := int64(hashSize + 4 + 4 + 8) // id, CRC, offset, large offset
	return 8 + fanoutBytes + 2*int64(hashSize) + packBytes/leastEntryBytes*perObject
}

func checkSum(data []byte, hashSize int) error {
	h := newHash(hashSize)
	at := len(data) - hashSize
	h.Write(data[:at])
	if !bytes.Equal(h.Sum(nil), data[at:]) {
		return fmt.Errorf("index checksum does not hold: %w", ErrCorrupt)
	}
	return nil
}

func newHash(size int) hash.Hash {
	if size == SHA256Size {
		return sha256.New()
	}
	return sha1.New() //nolint:gosec // git's format
}

func (x *Index) parseV1(body []byte) error {
	if err := x.readFanout(body); err != nil {
		return err
	}
	x.v1 = true
	x.ids = body[fanoutBytes:]
	if int64(len(x.ids)) != int64(x.count)*int64(4+x.hashSize) {
		return fmt.Errorf("index v1 of %d objects has %d bytes of entries: %w", x.count, len(x.ids), ErrCorrupt)
	}
	return x.checkOrder()
}

func (x *Index) parseV2(body []byte) error {
	if v := binary.BigEndian.Uint32(body[4:]); v != 2 {
		return fmt.Errorf("index version %d: %w", v, ErrUnsupported)
	}
	if len(body) < 8+fanoutBytes {
		return fmt.Errorf("index of %d bytes is too short: %w", len(body), ErrCorrupt)
	}
	if err := x.readFanout(body[8:]); err != nil {
		return err
	}
	rest := body[8+fanoutBytes:]
	ids, crcs := int64(x.count)*int64(x.hashSize), int64(x.count)*4
	if int64(len(rest)) < ids+2*crcs {
		return fmt.Errorf("index of %d objects has %d bytes of tables: %w", x.count, len(rest), ErrCorrupt)
	}
	x.ids = rest[:ids]
	x.offsets = rest[ids+crcs : ids+2*crcs]
	x.large = rest[ids+2*crcs:]
	if len(x.large)%8 != 0 {
		return fmt.Errorf("index has %d bytes of large offsets: %w", len(x.large), ErrCorrupt)
	}
	if err := x.checkOffsets(); err != nil {
		return err
	}
	return x.checkOrder()
}

// readFanout takes the 256 running counts and the object count, which is the last of them.
func (x *Index) readFanout(table []byte) error {
	x.fanout = bytes.Clone(table[:fanoutBytes]) // what is looked up by it must not depend on a mapping
	last := uint32(0)
	for i := range 256 {
		n := x.fan(i)
		if n < last {
			return fmt.Errorf("index fan-out falls at %d: %w", i, ErrCorrupt)
		}
		last = n
	}
	x.count = int(last)
	return nil
}

func (x *Index) fan(i int) uint32 { return binary.BigEndian.Uint32(x.fanout[4*i:]) }

func (x *Index) checkOffsets() error {
	for i := range x.count {
		o := binary.BigEndian.Uint32(x.offsets[4*i:])
		if o&largeBit != 0 && int64(o&^largeBit) >= int64(len(x.large)/8) {
			return fmt.Errorf("index offset %d points behind its table: %w", i, ErrCorrupt)
		}
	}
	return nil
}

// checkOrder sees that ids ascend, and that each stands where the fan-out says.
func (x *Index) checkOrder() error {
	for i := range x.count {
		id := x.ID(i)
		if i > 0 && bytes.Compare(x.ID(i-1), id) >= 0 {
			return fmt.Errorf("index ids are out of order at %d: %w", i, ErrCorrupt)
		}
		if from, to := x.bucket(id[0]); i < from || i >= to {
			return fmt.Errorf("index id %d is not where its fan-out says: %w", i, ErrCorrupt)
		}
	}
	return nil
}

// bucket is where the ids stand that start with a byte: from inclusive, to exclusive.
func (x *Index) bucket(start byte) (from, to int) {
	if start > 0 {
		from = int(x.fan(int(start) - 1))
	}
	return from, int(x.fan(int(start)))
}

// Len is the number of objects.
func (x *Index) Len() int { return x.count }

// ID is the i-th id in ascending order, 0 ≤ i < Len. It is a part of the index: do not change it.
func (x *Index) ID(i int) []byte {
	if x.v1 {
		at := i*(4+x.hashSize) + 4
		return x.ids[at : at+x.hashSize]
	}
	return x.ids[i*x.hashSize : (i+1)*x.hashSize]
}

// Offset is where the i-th object's entry starts in the pack, in bytes.
func (x *Index) Offset(i int) uint64 {
	if x.v1 {
		return uint64(binary.BigEndian.Uint32(x.ids[i*(4+x.hashSize):]))
	}
	o := binary.BigEndian.Uint32(x.offsets[4*i:])
	if o&largeBit == 0 {
		return uint64(o)
	}
	return binary.BigEndian.Uint64(x.large[8*int(o&^largeBit):])
}

// Find returns the place of id in the index.
func (x *Index) Find(id []byte) (int, bool) {
	i, ok, _ := x.find(id)
	return i, ok
}

// find looks an id up. What it did not find may be there when it is doubtful: it met an id that ends in a zero, as
// all do that stand behind the end of a truncated file.
func (x *Index) find(id []byte) (place int, ok, doubtful bool) {
	if len(id) != x.hashSize {
		return 0, false, false
	}
	from, to := x.bucket(id[0])
	for from < to {
		middle := int(uint(from+to) >> 1)
		at := x.ID(middle)
		doubtful = doubtful || at[len(at)-1] == 0
		switch bytes.Compare(at, id) {
		case 0:
			return middle, true, false
		case -1:
			from = middle + 1
		default:
			to = middle
		}
	}
	return from, false, doubtful
}

// appendIDs appends all ids in ascending order.
func (x *Index) appendIDs(ids []byte) []byte {
	if !x.v1 {
		return append(ids, x.ids...)
	}
	for i := range x.count {
		ids = append(ids, x.ID(i)...)
	}
	return ids
}

// PackChecksum is the trailer that the pack of this index must have.
func (x *Index) PackChecksum() []byte { return x.trailer[:x.hashSize] }
