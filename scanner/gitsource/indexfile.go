package gitsource

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// errIndexForm says that an index is not one that is read here: damaged, split, sparse, or of a later version. Git is
// to be asked.
var errIndexForm = errors.New("an index that is left to git")

// The modes of what an index and a tree hold, as numbers.
const (
	modeDir        = 0o040000
	modeFile       = 0o100644
	modeExecutable = 0o100755
	modeLink       = 0o120000
	modeGitlink    = 0o160000
	modeKind       = 0o170000
)

// Parts of an index. Source: git's Documentation/gitformat-index.txt, read 2026-11-24.
const (
	indexHeadBytes  = 12
	indexStatBytes  = 40 // times, device, inode, mode, owner, size
	indexModeAt     = 24
	flagExtended    = 0x4000
	flagStage       = 0x3000
	flagNameLength  = 0x0fff
	extensionHead   = 8
	maxPrefixDigits = 5 // of version 4: 35 bits
)

const (
	maxOwnIndexBytes = 256 << 20 // of an index: two million files
	maxIndexPaths    = 512 << 20 // bytes of all paths of an index, which version 4 shortens
)

// indexRow is an entry of an index. Its path may be a part of the file's bytes.
type indexRow struct {
	path  []byte
	id    oid
	mode  uint32
	stage uint8 // 0, or 1 to 3 in a conflict
}

// indexFile is what is read of an index here.
type indexFile struct {
	rows  []indexRow // in ascending order of paths, then stages
	trees *indexTree // what git knows of its folders; nil: nothing
}

// parseIndexFile reads an index of version 2 to 4. The rows keep parts of data. The checksum at the end is not
// looked at, as git does not.
//
// Errors: errIndexForm for all that is not understood to the last byte.
func (f objectFormat) parseIndexFile(data []byte) (*indexFile, error) {
	if len(data) < indexHeadBytes+f.size() || string(data[:4]) != "DIRC" {
		return nil, errIndexForm
	}
	version, count := binary.BigEndian.Uint32(data[4:]), int64(binary.BigEndian.Uint32(data[8:]))
	if version < 2 || version > 4 || count > int64(len(data)/(indexStatBytes+f.size()+2)) {
		return nil, errIndexForm
	}
	p := indexParser{format: f, version: version, rest: data[indexHeadBytes : len(data)-f.size()]}
	x := &indexFile{rows: make([]indexRow, count)}
	for i := range x.rows {
		if err := p.row(&x.rows[i]); err != nil {
			return nil, err
		}
		if i > 0 && !before(&x.rows[i-1], &x.rows[i]) {
			return nil, errIndexForm
		}
	}
	return x, p.extensions(x)
}

// before says whether a may stand before b: an unmerged path has a row for each side, any other path has one.
func before(a, b *indexRow) bool {
	order := bytes.Compare(a.path, b.path)
	return order < 0 || order == 0 && a.stage != 0 && a.stage < b.stage
}

type indexParser struct {
	format  objectFormat
	version uint32
	rest    []byte
	last    []byte // the path before, of which version 4 keeps a part
	paths   int    // bytes of all so far
}

func (p *indexParser) row(x *indexRow) error {
	fixed := indexStatBytes + p.format.size() + 2
	if len(p.rest) < fixed {
		return errIndexForm
	}
	flags := binary.BigEndian.Uint16(p.rest[fixed-2:])
	x.mode = binary.BigEndian.Uint32(p.rest[indexModeAt:])
	x.id = p.format.raw(p.rest[indexStatBytes:])
	x.stage = uint8(flags & flagStage >> 12)
	switch x.mode {
	case modeFile, modeExecutable, modeLink, modeGitlink:
	default: // a folder of a sparse index, or what git does not make
		return errIndexForm
	}
	head := fixed
	if flags&flagExtended != 0 {
		head += 2
		if p.version < 3 || len(p.rest) < head {
			return errIndexForm
		}
	}
	if p.version == 4 {
		return p.shortenedPath(x, head, int(flags&flagNameLength))
	}
	return p.paddedPath(x, head, int(flags&flagNameLength))
}

// paddedPath reads a path that ends with one to eight zero bytes.
func (p *indexParser) paddedPath(x *indexRow, head, length int) error {
	n := bytes.IndexByte(p.rest[head:], 0)
	whole := (head + n + 8) &^ 7
	if n <= 0 || !lengthHolds(n, length) || whole > len(p.rest) || len(bytes.Trim(p.rest[head+n:whole], "\x00")) > 0 {
		return errIndexForm
	}
	x.path, p.rest = p.rest[head:head+n], p.rest[whole:]
	return nil
}

// shortenedPath reads a path of version 4: how many bytes fall off the end of the one before, and what follows.
func (p *indexParser) shortenedPath(x *indexRow, head, length int) error {
	drop, digits := offsetNumber(p.rest[head:])
	if digits == 0 || drop > uint64(len(p.last)) {
		return errIndexForm
	}
	from := head + digits
	n := bytes.IndexByte(p.rest[from:], 0)
	if n < 0 {
		return errIndexForm
	}
	kept := p.last[:len(p.last)-int(drop)] //nolint:gosec // not above its length
	x.path = append(kept[:len(kept):len(kept)], p.rest[from:from+n]...)
	p.paths += len(x.path)
	if len(x.path) == 0 || len(x.path) > maxPathBytes || p.paths > maxIndexPaths || !lengthHolds(len(x.path), length) {
		return errIndexForm
	}
	p.last, p.rest = x.path, p.rest[from+n+1:]
	return nil
}

// lengthHolds: a length that does not fit into its bits is written as their highest value.
func lengthHolds(n, said int) bool { return said == min(n, flagNameLength) }

// offsetNumber reads seven bits a byte, the highest first, each byte but the last with one added. digits is 0 when
// there is no such number.
func offsetNumber(data []byte) (value uint64, digits int) {
	for i, c := range data {
		if i >= maxPrefixDigits {
			break
		}
		value = value<<7 | uint64(c&0x7f)
		if c&0x80 == 0 {
			return value, i + 1
		}
		value++
	}
	return 0, 0
}

// extensions reads the one that tells trees, and passes over those that an index may be read without.
func (p *indexParser) extensions(x *indexFile) error {
	for len(p.rest) > 0 {
		if len(p.rest) < extensionHead {
			return errIndexForm
		}
		name, size := string(p.rest[:4]), int64(binary.BigEndian.Uint32(p.rest[4:]))
		if size > int64(len(p.rest)-extensionHead) || name[0] < 'A' || name[0] > 'Z' {
			return errIndexForm
		}
		if name == "TREE" {
			x.trees = p.format.parseIndexTrees(p.rest[extensionHead : extensionHead+size])
		}
		p.rest = p.rest[extensionHead+size:]
	}
	return nil
}
