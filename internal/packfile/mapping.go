package packfile

import (
	"errors"
	"fmt"
	"os"
)

// maxFileBytes is the most that a file may have: what an int holds.
const maxFileBytes = int64(^uint(0) >> 1)

// ErrNotRegular says that a pack or an index is no regular file.
var ErrNotRegular = errors.New("not a regular file")

// mapping is a file in memory. The file itself is closed: thousands may be mapped at a time.
type mapping struct {
	path string
	info os.FileInfo // when it was mapped
	data []byte
}

// openMapping maps a regular file of one byte to most. It never waits: a FIFO is refused before it is opened, and
// one that took the file's place meanwhile is opened without waiting for a writer, and then refused.
//
// Errors: ErrCorrupt for another length, ErrUnsupported, ErrNotRegular, what the system said.
func openMapping(path string, most int64) (*mapping, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %w", path, ErrNotRegular)
	}
	f, err := os.OpenFile(path, os.O_RDONLY|openFlags, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	m := &mapping{path: path}
	if m.info, err = f.Stat(); err != nil {
		return nil, err
	}
	size := m.info.Size()
	switch {
	case !m.info.Mode().IsRegular():
		err = ErrNotRegular
	case size == 0:
		err = fmt.Errorf("an empty file: %w", ErrCorrupt)
	case size > maxFileBytes:
		err = fmt.Errorf("%d bytes do not fit into memory: %w", size, ErrUnsupported)
	case size > most:
		err = fmt.Errorf("%d bytes, at most %d can be needed: %w", size, most, ErrCorrupt)
	default:
		m.data, err = mapFile(f, int(size))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// shrank says whether the file is no longer as long as it was. One that was removed, or whose place another has
// taken, is as it was.
func (m *mapping) shrank() bool {
	if m == nil {
		return false
	}
	now, err := os.Stat(m.path)
	if err != nil || !os.SameFile(now, m.info) {
		return false
	}
	return now.Size() != m.info.Size()
}

func (m *mapping) holds(address uintptr) bool { return m != nil && inside(m.data, address) }

func (m *mapping) close() error {
	if m == nil || m.data == nil {
		return nil
	}
	data := m.data
	m.data = nil
	return unmapFile(data)
}
