package packfile

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"sync/atomic"
)

// maxIndexBytes is the most that an index may have, however large its pack is: about 100 million objects.
const maxIndexBytes = 4 << 30

// Pack is an open pack with its index, both mapped into memory where the system can; it holds no file descriptor. A
// pack that git removes stays readable; what a truncated one lacks is reported, see [ReasonChanged]. Close must be
// called, and not during a walk.
//
// The page in which a truncated file ends reads as zeros, with no fault that would tell. A pack's compressed data
// have a checksum that such zeros fail. An index has none for its parts, so whoever reads from it asks afterwards
// whether the file shrank.
type Pack struct {
	files    [2]*mapping // of pack and index, nil when they are of bytes
	index    *Index
	hashSize int
	all      []byte // the whole pack
	data     []byte // the pack without its trailer
	closed   bool
	gone     atomic.Bool
}

const (
	packFile = iota
	indexFile
)

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

func (p *Pack) open(path, indexPath string) (err error) {
	if p.files[packFile], err = openMapping(path, maxFileBytes); err != nil {
		return err
	}
	p.all = p.files[packFile].data
	most := min(maxIndexBytes, MaxIndexBytes(int64(len(p.all)), p.hashSize))
	if p.files[indexFile], err = openMapping(indexPath, most); err != nil {
		return err
	}
	return guard(p, func() error {
		if err := p.parseIndex(p.files[indexFile].data); err != nil {
			return err
		}
		return p.check()
	})
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

// Close gives the mappings back; the pack is then as one that changed. Calling it twice is no error.
func (p *Pack) Close() error {
	p.gone.Store(true)
	p.closed = true
	var errs []error
	for i, m := range p.files {
		errs = append(errs, m.close())
		p.files[i] = nil
	}
	p.all, p.data = nil, nil
	return errors.Join(errs...)
}

// Len is the number of objects.
func (p *Pack) Len() int { return p.index.Len() }

// ID is the i-th id in ascending order, 0 ≤ i < Len: a copy. Nil when the pack is closed or its index changed.
func (p *Pack) ID(i int) []byte {
	var id []byte
	err := p.readIndex(func() { id = bytes.Clone(p.index.ID(i)) })
	if err != nil || id[len(id)-1] == 0 && p.files[indexFile].shrank() {
		return nil
	}
	return id
}

// IDs are all ids in ascending order, one behind the other: a copy.
//
// Errors: ErrChanged.
func (p *Pack) IDs() ([]byte, error) {
	var ids []byte
	err := p.readIndex(func() { ids = p.index.appendIDs(make([]byte, 0, p.Len()*p.hashSize)) })
	if err == nil && p.files[indexFile].shrank() {
		err = fmt.Errorf("ids of an index: %w", ErrChanged)
	}
	return ids, err
}

// Find says whether the pack has an object, and its place in the order of ids. What cannot be read any more is not
// found. Safe for concurrent use.
func (p *Pack) Find(id []byte) (place int, ok bool) {
	err := p.readIndex(func() { place, ok = p.index.Find(id) })
	return place, ok && err == nil
}

// readIndex runs what touches the index.
func (p *Pack) readIndex(read func()) error {
	if p.closed {
		return errClosed
	}
	return guard(p, func() error { read(); return nil })
}

// shrank says whether a file is no longer as long as what was mapped: then damage is not the pack's own.
func (p *Pack) shrank() bool { return p.files[packFile].shrank() || p.files[indexFile].shrank() }

// holds says whether an address is one of the pack's mapped bytes.
func (p *Pack) holds(address uintptr) bool {
	return p.files[packFile].holds(address) || p.files[indexFile].holds(address)
}
