package gitsource

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"strconv"
)

const (
	maxLooseHead  = 32       // "commit 18446744073709551615" and a zero byte; git's own buffer; object-file.c, read 2026-11-24
	looseOverhead = 1 << 16  // compressed data may be longer than what it holds
	maxLooseGain  = 64 << 10 // a loose file this much smaller than its object is left to git
)

var errLoose = errors.New("not a loose object as git writes it")

// looseReader reads loose objects. It keeps its decoder and, unless keep is set, its buffers: then an object's data
// are valid until the next read. Not for use by two goroutines at once.
type looseReader struct {
	keep bool
	in   bytes.Reader
	zlib io.ReadCloser
	file []byte
	data []byte
}

// read reads a loose object of at most limit bytes; one over it comes without content.
//
// Errors: errLoose, and what the system said. Either way git is to be asked.
func (l *looseReader) read(id oid, path string, limit int64) (object, error) {
	f, info, err := openRegular(path)
	if err != nil {
		return object{}, err
	}
	defer func() { _ = f.Close() }()
	if info.Size() > limit+looseOverhead {
		return object{}, errTooLarge
	}
	l.file = room(l.file, info.Size())
	if _, err := io.ReadFull(f, l.file); err != nil {
		return object{}, fmt.Errorf("read a loose object: %w", err)
	}
	return l.decode(id, l.file, limit)
}

// maxKeptBytes is how large a buffer is kept for the next object.
const maxKeptBytes = 4 << 20

// room is buf with a new length, or a larger one.
func room(buf []byte, size int64) []byte {
	if int64(cap(buf)) >= size && cap(buf) <= maxKeptBytes {
		return buf[:size]
	}
	return make([]byte, size)
}

// decode reads the bytes of a loose object's file.
func (l *looseReader) decode(id oid, data []byte, limit int64) (o object, err error) {
	l.in.Reset(data)
	if err := l.restart(); err != nil {
		return object{}, fmt.Errorf("%w: %w", errLoose, err)
	}
	o.id = id
	if o.kind, o.size, err = l.head(); err != nil {
		return object{}, err
	}
	if o.over = o.size > limit; o.over {
		return o, nil
	}
	if o.size/maxLooseGain > int64(len(data)) {
		return object{}, errLoose
	}
	if l.keep {
		l.data = nil
	}
	l.data = room(l.data, o.size)
	o.data = l.data
	if _, err := io.ReadFull(l.zlib, o.data); err != nil {
		return object{}, fmt.Errorf("%w: %w", errLoose, err)
	}
	// The end is read too: there stands the checksum, and nothing may follow.
	var end [1]byte
	if n, err := l.zlib.Read(end[:]); n != 0 || !errors.Is(err, io.EOF) || l.in.Len() != 0 {
		return object{}, errLoose
	}
	return o, nil
}

func (l *looseReader) restart() (err error) {
	if l.zlib == nil {
		l.zlib, err = zlib.NewReader(&l.in)
		return err
	}
	return l.zlib.(zlib.Resetter).Reset(&l.in, nil)
}

// head reads "type size" up to the zero byte.
func (l *looseReader) head() (objectType, int64, error) {
	var head [maxLooseHead]byte
	for i := range head {
		if _, err := io.ReadFull(l.zlib, head[i:i+1]); err != nil {
			return "", 0, fmt.Errorf("%w: %w", errLoose, err)
		}
		if head[i] == 0 {
			return parseLooseHead(string(head[:i]))
		}
	}
	return "", 0, errLoose
}

func parseLooseHead(head string) (objectType, int64, error) {
	for _, kind := range []objectType{typeBlob, typeTree, typeCommit, typeTag} {
		if len(head) <= len(kind) || head[:len(kind)] != string(kind) || head[len(kind)] != ' ' {
			continue
		}
		digits := head[len(kind)+1:]
		size, err := strconv.ParseInt(digits, 10, 64)
		if err != nil || size < 0 || strconv.FormatInt(size, 10) != digits {
			return "", 0, errLoose
		}
		return kind, size, nil
	}
	return "", 0, errLoose
}
