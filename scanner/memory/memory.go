package memory

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"slices"
)

// Key stands for all that decides what a scan says of an object: catalogue, rules, decoders, limits, the engine.
type Key [sha256.Size]byte

// NewKey makes the key of parts in this order.
func NewKey(parts ...string) Key {
	sum := sha256.New()
	for _, part := range parts {
		_ = binary.Write(sum, binary.BigEndian, uint64(len(part))) // a hash does not fail
		sum.Write([]byte(part))
	}
	return Key(sum.Sum(nil))
}

// Memory is what the last scan knew. It is not changed once made, and safe for concurrent use. The zero value knows nothing.
type Memory struct {
	idSize int
	clean  ids
	marked ids
	note   []byte
}

// Len is how many objects are known to be clean.
func (m *Memory) Len() int { return m.clean.len(m.idSize) }

// Clean says whether the object was read whole and held neither a finding nor a reason for a skip.
func (m *Memory) Clean(id []byte) bool {
	return len(id) == m.idSize && m.clean.has(id)
}

// Marked are the objects that were there and not clean. They are to be there, and to be read, again.
func (m *Memory) Marked() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for i := range m.marked.len(m.idSize) {
			if !yield(m.marked[i*m.idSize : (i+1)*m.idSize]) {
				return
			}
		}
	}
}

// Note is what the scan left for the next one.
func (m *Memory) Note() []byte { return m.note }

// ids are object ids in a row, ascending.
type ids []byte

func (s ids) len(size int) int {
	if size == 0 {
		return 0
	}
	return len(s) / size
}

// has looks id up. Ids are spread evenly, so the first guess is near.
func (s ids) has(id []byte) bool {
	size := len(id)
	n := len(s) / size
	if n == 0 {
		return false
	}
	low, high := 0, n
	guess := int(uint64(binary.BigEndian.Uint32(id)) * uint64(n) >> 32)
	for step := 16; low < high; step *= 4 {
		switch bytes.Compare(s[guess*size:(guess+1)*size], id) {
		case 0:
			return true
		case -1:
			low = guess + 1
			guess = min(guess+step, high-1)
		default:
			high = guess
			guess = max(guess-step, low)
		}
		if step > n {
			guess = (low + high) / 2
		}
		guess = min(max(guess, low), max(high-1, low))
	}
	return false
}

// Draft collects what the next scan of the repository may rely on. Not for several goroutines at once.
type Draft struct {
	idSize        int
	clean, marked []byte
	note          []byte
}

// NewDraft makes a draft of ids of this size.
func NewDraft(idSize int) *Draft { return &Draft{idSize: idSize} }

// Clean says that an object was read whole, now or by the scan whose memory said so, and is clean.
func (d *Draft) Clean(id []byte) { d.clean = append(d.clean, id[:d.idSize]...) }

// Mark says that an object is there and is not clean.
func (d *Draft) Mark(id []byte) { d.marked = append(d.marked, id[:d.idSize]...) }

// Note is left for the next scan.
func (d *Draft) Note(note []byte) { d.note = note }

// The file: magic, key, size of an id, numbers of clean and marked ids and bytes of the note, the ids, the note,
// SHA-256 of all that. Numbers are big endian.
const (
	magic      = "keywright.memory/1\n"
	headBytes  = len(magic) + sha256.Size + 1 + 3*8
	maxIDBytes = 32
)

// MaxFileBytes caps the file: 50 million ids of SHA-1. What is larger is not remembered.
const MaxFileBytes = 1 << 30

// ErrTooLarge says that there is more to remember than MaxFileBytes.
var ErrTooLarge = errors.New("more than the cap of the memory of past scans")

func (d *Draft) encode(key Key) ([]byte, error) {
	clean, marked := sorted(d.clean, d.idSize), sorted(d.marked, d.idSize)
	clean = without(clean, marked, d.idSize)
	size := headBytes + len(clean) + len(marked) + len(d.note) + sha256.Size
	if size > MaxFileBytes {
		return nil, fmt.Errorf("%d bytes: %w", size, ErrTooLarge)
	}
	out := make([]byte, 0, size)
	out = append(append(append(out, magic...), key[:]...), byte(d.idSize)) //nolint:gosec // 20 or 32
	out = binary.BigEndian.AppendUint64(out, uint64(len(clean)/d.idSize))  //nolint:gosec // not negative
	out = binary.BigEndian.AppendUint64(out, uint64(len(marked)/d.idSize)) //nolint:gosec // not negative
	out = binary.BigEndian.AppendUint64(out, uint64(len(d.note)))
	out = append(append(append(out, clean...), marked...), d.note...)
	sum := sha256.Sum256(out)
	return append(out, sum[:]...), nil
}

// sorted puts ids in order, each once.
func sorted(all []byte, size int) []byte {
	if ascending(all, size) {
		return all // the usual case: they come from an index
	}
	rows := make([][]byte, 0, len(all)/size)
	for i := 0; i+size <= len(all); i += size {
		rows = append(rows, all[i:i+size])
	}
	slices.SortFunc(rows, bytes.Compare)
	rows = slices.CompactFunc(rows, bytes.Equal)
	out := make([]byte, 0, len(rows)*size)
	for _, row := range rows {
		out = append(out, row...)
	}
	return out
}

// without takes the marked ids out of the clean ones: of two words about one object the worse counts.
func without(clean, marked []byte, size int) []byte {
	out := clean[:0]
	for i := 0; i+size <= len(clean); i += size {
		if id := clean[i : i+size]; !ids(marked).has(id) {
			out = append(out, id...)
		}
	}
	return out
}

var errDamaged = errors.New("it is damaged")

// decode reads a file of the key; nil for one of another key.
func decode(data []byte, key Key) (*Memory, error) {
	if len(data) < headBytes+sha256.Size || string(data[:len(magic)]) != magic {
		return nil, errDamaged
	}
	body := data[:len(data)-sha256.Size]
	rest := body[len(magic):]
	if Key(rest[:sha256.Size]) != key {
		return nil, nil //nolint:nilnil // said in the comment
	}
	if sum := sha256.Sum256(body); !bytes.Equal(sum[:], data[len(body):]) {
		return nil, errDamaged
	}
	rest = rest[sha256.Size:]
	m := &Memory{idSize: int(rest[0])}
	clean, marked, note := binary.BigEndian.Uint64(rest[1:]), binary.BigEndian.Uint64(rest[9:]), binary.BigEndian.Uint64(rest[17:])
	rest = rest[25:]
	limit := uint64(MaxFileBytes)
	if m.idSize < 1 || m.idSize > maxIDBytes || clean > limit || marked > limit || note > limit ||
		(clean+marked)*uint64(m.idSize)+note != uint64(len(rest)) {
		return nil, errDamaged
	}
	at, to := clean*uint64(m.idSize), (clean+marked)*uint64(m.idSize)
	m.clean, m.marked, m.note = ids(rest[:at]), ids(rest[at:to]), rest[to:]
	if !ascending(m.clean, m.idSize) || !ascending(m.marked, m.idSize) {
		return nil, errDamaged
	}
	return m, nil
}

func ascending(all []byte, size int) bool {
	for i := size; i+size <= len(all); i += size {
		if bytes.Compare(all[i-size:i], all[i:i+size]) >= 0 {
			return false
		}
	}
	return true
}
