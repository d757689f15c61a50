package baseline

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// The limits of the files of this package.
const (
	maxFileBytes = 64 << 20
	maxLineBytes = 64 << 10
)

// ErrNotRegular says that a file is a link, a pipe, a device or a folder. A repository's author chooses what
// stands at a path, and none of these is read.
var ErrNotRegular = errors.New("not a regular file")

// open opens a regular file, without following a link at its end and without waiting for a pipe's writer.
func open(path string) (*os.File, error) {
	before, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !before.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %w", path, ErrNotRegular)
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	after, err := f.Stat()
	if err == nil && !os.SameFile(before, after) {
		err = fmt.Errorf("%s: %w: it was replaced while it was opened", path, ErrNotRegular)
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// eachLine gives the lines of r, numbered from 1, without their ends.
func eachLine(name string, r io.Reader, visit func(number int, text []byte) error) error {
	limited := &io.LimitedReader{R: r, N: maxFileBytes + 1}
	lines := bufio.NewScanner(limited)
	lines.Buffer(nil, maxLineBytes)
	number := 0
	for lines.Scan() {
		number++
		if err := visit(number, lines.Bytes()); err != nil {
			return fmt.Errorf("%s:%d: %w", name, number, err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%s:%d: %w", name, number+1, err)
	}
	if limited.N <= 0 {
		return fmt.Errorf("%s: larger than %d bytes", name, maxFileBytes)
	}
	return nil
}
