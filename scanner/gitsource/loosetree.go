package gitsource

import (
	"errors"
	"fmt"
	"io"
	"slices"
)

// looseHeadBytes are enough of a loose object's file to tell its type.
const looseHeadBytes = 512

// readOnly reads a loose object when it is of one of the kinds; else it has no kind. One over the limit is an error.
//
// Errors: as those of read.
func (l *looseReader) readOnly(id oid, path string, limit int64, kinds ...objectType) (object, error) {
	head, err := readHead(path)
	if err != nil {
		return object{}, err
	}
	l.in.Reset(head)
	if err := l.restart(); err != nil {
		return object{}, fmt.Errorf("%w: %w", errLoose, err)
	}
	kind, _, err := l.head()
	if err != nil || !slices.Contains(kinds, kind) {
		return object{}, err
	}
	o, err := l.read(id, path, limit)
	if err == nil && o.over {
		err = errLoose
	}
	return o, err
}

// readHead returns a file's first bytes.
func readHead(path string) ([]byte, error) {
	f, _, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	head := make([]byte, looseHeadBytes)
	n, err := io.ReadFull(f, head)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return head[:n], nil
}
