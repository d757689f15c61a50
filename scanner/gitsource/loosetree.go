package gitsource

import (
	"errors"
	"fmt"
	"io"
)

// looseHeadBytes are enough of a loose object's file to tell its type.
const looseHeadBytes = 512

// readTree reads a loose object when it is a tree.
//
// Errors: as those of read.
func (l *looseReader) readTree(id oid, path string, limit int64) (data []byte, isTree bool, err error) {
	head, err := readHead(path)
	if err != nil {
		return nil, false, err
	}
	l.in.Reset(head)
	if err := l.restart(); err != nil {
		return nil, false, fmt.Errorf("%w: %w", errLoose, err)
	}
	kind, _, err := l.head()
	if err != nil || kind != typeTree {
		return nil, false, err
	}
	o, err := l.read(id, path, limit)
	if err == nil && o.over {
		err = errLoose
	}
	return o.data, true, err
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
