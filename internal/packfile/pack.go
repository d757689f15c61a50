package packfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"sync/atomic"
)

// maxFileBytes is the most that a pack or an index may have: what an int holds.
const maxFileBytes = int64(^uint(0) >> 1)

// maxIndexBytes is the most that an index may have, however large its pack is: about 100 million objects.
const maxIndexBytes = 4 << 30

// ErrNotRegular says that a pack or an index is no regular file.
var ErrNotRegular = errors.New("not a regular file")

// Pack is an open pack, mapped into memory where the system can, with its index. A pack that git removes stays
// readable; what a truncated one lacks is reported, see [ReasonChanged]. Close must be called, and not during a walk.
//
// The index is read, not mapped: the page in which a truncated file ends reads as zeros, with no fault that would
// tell. A pack's compressed data have a checksum that such zeros fail; ids have none.
type Pack struct {
	file     *os.File // of the pack; nil when it is of bytes
	index    *Index
	hashSize int
	mapped   []byte // what Close gives back
	all      []byte // the whole pack
	data     []byte // the pack without its trailer
	gone     atomic.Bool
}

// Open maps the pack at path, and its index at indexPath, of objects whose ids are hashSize bytes long. Both files
// are checked as [ParseIndex] and [Index.CheckPack] do.
//
// Errors: ErrCorrupt, ErrUnsupported, ErrNotRegular, ErrChanged, what the system said.
func Open(path, indexPath string, hashSize int) (*Pack, error) {
	p := &Pack{hashSize: hashSize}
	if err := p.open(path, indexPath); err != nil {
		return nil, errors.Join(fmt.Errorf("open pack %s: %w", path, err), p.Close())
	}
	return p, nil
}

// Parse makes a pack of bytes that the caller does not change afterwards. It is checked as by [Open].
//
// Errors: ErrCorrupt, ErrUnsupported.
func Parse(pack, index []byte, hashSize int) (*Pack, error) {
	p := &Pack{hashSize: hashSize, all: pack}
	err := p.parseIndex(index)
	if err == nil {
		err = p.check()
	}
	if err != nil {
		return nil, fmt.Errorf("parse pack: %w", err)
	}
	return p, nil
}

func (p *Pack) open(path, indexPath string) error {
	var err error
	if p.file, p.all, err = openMapped(path); err != nil {
		return err
	}
	p.mapped = p.all
	index, err := readIndex(indexPath, min(maxIndexBytes, MaxIndexBytes(int64(len(p.all)), p.hashSize)))
	if err != nil {
		return err
	}
	if err := p.parseIndex(index); err != nil {
		return err
	}
	return guard(p, p.check)
}

func (p *Pack) parseIndex(data []byte) (err error) {
	if p.index, err = ParseIndex(data, p.hashSize); err != nil {
		return err
	}
	if int64(p.index.Len()) >= math.MaxInt32 {
		return fmt.Errorf("pack of %d objects: %w", p.index.Len(), ErrUnsupported)
	}
	return nil
}

// check compares the pack's ends with the index.
func (p *Pack) check() error {
	if err := p.index.CheckPack(bytes.NewReader(p.all), int64(len(p.all))); err != nil {
		return err
	}
	p.data = p.all[:len(p.all)-p.hashSize]
	return nil
}

// readIndex reads a file of at most limit bytes.
func readIndex(path string, limit int64) ([]byte, error) {
	f, size, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	if size > limit {
		return nil, fmt.Errorf("%s: %d bytes, an index of this pack has at most %d: %w", path, size, limit, ErrCorrupt)
	}
	data := make([]byte, size)
	if _, err := io.ReadFull(f, data); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, ErrChanged, err)
	}
	return data, nil
}

// openMapped returns the open file too: nil with an error.
func openMapped(path string) (*os.File, []byte, error) {
	f, size, err := openRegular(path)
	if err != nil {
		return nil, nil, err
	}
	var data []byte
	if size == 0 {
		err = fmt.Errorf("an empty file: %w", ErrCorrupt)
	} else {
		data, err = mapFile(f, int(size))
	}
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	return f, data, nil
}

// openRegular opens a regular file and says how long it is. It never waits: a FIFO is refused before it is opened,
// and one that took the file's place meanwhile is opened without waiting for a writer, and then refused.
func openRegular(path string) (*os.File, int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("%s: %w", path, ErrNotRegular)
	}
	f, err := os.OpenFile(path, os.O_RDONLY|openFlags, 0)
	if err != nil {
		return nil, 0, err
	}
	info, err = f.Stat()
	switch {
	case err != nil:
	case !info.Mode().IsRegular():
		err = fmt.Errorf("%s: %w", path, ErrNotRegular)
	case info.Size() > maxFileBytes:
		err = fmt.Errorf("%s: %d bytes do not fit into memory: %w", path, info.Size(), ErrUnsupported)
	}
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, info.Size(), nil
}

// Close gives the mapping back; the pack is then as one that changed. Calling it twice is no error.
func (p *Pack) Close() error {
	p.gone.Store(true)
	var errs []error
	if p.mapped != nil {
		errs = append(errs, unmapFile(p.mapped))
	}
	p.mapped, p.all, p.data = nil, nil, nil
	if p.file != nil {
		errs = append(errs, p.file.Close())
		p.file = nil
	}
	return errors.Join(errs...)
}

// Len is the number of objects.
func (p *Pack) Len() int { return p.index.Len() }

// ID is the i-th id in ascending order, 0 ≤ i < Len. It is a part of the index: do not change it.
func (p *Pack) ID(i int) []byte { return p.index.ID(i) }

// shrank says whether the file is no longer as long as what was mapped: then damage is not the pack's own.
func (p *Pack) shrank() bool {
	if p.file == nil {
		return false
	}
	info, err := p.file.Stat()
	return err != nil || info.Size() != int64(len(p.all))
}

// holds says whether an address is one of the pack's mapped bytes.
func (p *Pack) holds(address uintptr) bool { return inside(p.mapped, address) }
