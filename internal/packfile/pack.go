package packfile

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"sync/atomic"
)

// maxFileBytes is the most that a pack or an index may have: what an int holds.
const maxFileBytes = int64(^uint(0) >> 1)

// ErrNotRegular says that a pack or an index is no regular file.
var ErrNotRegular = errors.New("not a regular file")

// Pack is an open pack with its index, both mapped into memory where the system can. A pack that git removes
// stays readable; one that is truncated is not, see [Reason]. Close must be called, and not during a walk.
type Pack struct {
	file     *os.File // of the pack; nil when it is of bytes
	index    *Index
	hashSize int
	mapped   [][]byte // what Close gives back
	all      []byte   // the whole pack
	indexed  []byte   // the whole index
	data     []byte   // the pack without its trailer
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
	p := &Pack{hashSize: hashSize, all: pack, indexed: index}
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("parse pack: %w", err)
	}
	return p, nil
}

func (p *Pack) open(path, indexPath string) error {
	index, indexed, err := openMapped(indexPath)
	if err != nil {
		return err
	}
	p.indexed, p.mapped = indexed, [][]byte{indexed}
	if err := index.Close(); err != nil {
		return err
	}
	if p.file, p.all, err = openMapped(path); err != nil {
		return err
	}
	p.mapped = append(p.mapped, p.all)
	return guard(p.mapped, p.check)
}

// check parses the index and compares the pack's ends with it.
func (p *Pack) check() (err error) {
	if p.index, err = ParseIndex(p.indexed, p.hashSize); err != nil {
		return err
	}
	if int64(p.index.Len()) >= math.MaxInt32 {
		return fmt.Errorf("pack of %d objects: %w", p.index.Len(), ErrUnsupported)
	}
	if err := p.index.CheckPack(bytes.NewReader(p.all), int64(len(p.all))); err != nil {
		return err
	}
	p.data = p.all[:len(p.all)-p.hashSize]
	return nil
}

// openMapped returns the open file too: nil with an error.
func openMapped(path string) (*os.File, []byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("%s: %w", path, ErrNotRegular)
	}
	f, err := os.OpenFile(path, os.O_RDONLY|openFlags, 0)
	if err != nil {
		return nil, nil, err
	}
	data, err := mapOpen(f)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	return f, data, nil
}

func mapOpen(f *os.File) ([]byte, error) {
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, ErrNotRegular
	case info.Size() == 0:
		return nil, fmt.Errorf("an empty file: %w", ErrCorrupt)
	case info.Size() > maxFileBytes:
		return nil, fmt.Errorf("a file of %d bytes does not fit into memory: %w", info.Size(), ErrUnsupported)
	}
	return mapFile(f, int(info.Size()))
}

// Close gives the mappings back. Calling it twice is no error.
func (p *Pack) Close() error {
	p.gone.Store(true)
	var errs []error
	for _, m := range p.mapped {
		errs = append(errs, unmapFile(m))
	}
	p.mapped, p.all, p.indexed, p.data = nil, nil, nil, nil
	if p.file != nil {
		errs = append(errs, p.file.Close())
		p.file = nil
	}
	return errors.Join(errs...)
}

// Len is the number of objects; 0 of a closed pack.
func (p *Pack) Len() int {
	if p.index == nil {
		return 0
	}
	return p.index.Len()
}

// shrank says whether the file is no longer as long as what was mapped: then damage is not the pack's own.
func (p *Pack) shrank() bool {
	if p.file == nil {
		return false
	}
	info, err := p.file.Stat()
	return err != nil || info.Size() != int64(len(p.all))
}
