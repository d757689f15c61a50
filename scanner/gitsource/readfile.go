package gitsource

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/keywright/keywright/scanner"
)

var (
	errNotRegular = errors.New("not a regular file")
	errTooLarge   = errors.New("larger than git would make it")
)

// maxWait is how long one file may keep its reader waiting. Only the system's own files do: a link may lead to
// /proc/kmsg.
const maxWait = 2 * time.Second

// openRegular opens a file that is regular, after links. It never blocks: a FIFO is refused before the open,
// and one that took the file's place meanwhile is opened without waiting for a writer and then refused. Nor do
// reads, for longer than maxWait.
func openRegular(path string) (*os.File, fs.FileInfo, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("open %s: %w", path, errNotRegular)
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err = f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("open %s: %w", path, errNotRegular)
	}
	if err != nil {
		_ = f.Close()
		return nil, nil, err
	}
	_ = f.SetReadDeadline(time.Now().Add(maxWait)) // files of a disk have none and need none
	return f, info, nil
}

// readFile returns the bytes of a regular file of at most limit bytes.
// Errors: fs.ErrNotExist, errNotRegular, errTooLarge, what the system said.
func readFile(path string, limit int64) ([]byte, error) {
	f, info, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	if info.Size() > limit { // before a byte is read: it may be sparse
		return nil, fmt.Errorf("read %s: over %d bytes: %w", path, limit, errTooLarge)
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("read %s: over %d bytes: %w", path, limit, errTooLarge)
	}
	return data, nil
}

// readOptional is readFile for a file that need not be there: nil then, and only then or when it cannot be read. Any other failure is noted as a skip.
func (r *Repository) readOptional(path string, limit int64) []byte {
	data, err := readFile(path, limit)
	if err != nil && !isAbsent(err) {
		r.note(r.skipFor(path, err))
	}
	return data
}

// isAbsent also takes "not a directory": a path below a file is absent too.
func isAbsent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// skipFor says what a failure to read a part of the repository means.
func (r *Repository) skipFor(path string, err error) scanner.Skip {
	s := scanner.Skip{Reason: scanner.SkipUnreadable, Path: r.display(path), Detail: plainReason(err)}
	if errors.Is(err, errNotRegular) || errors.Is(err, errTooLarge) || errors.Is(err, syscall.ELOOP) {
		s.Reason = scanner.SkipNotARepository
	}
	return s
}

// plainReason is the innermost cause: paths stand in Skip.Path already.
func plainReason(err error) string {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err.Error()
		}
		err = next
	}
}

// display shortens a path to one relative to the repository's git directory.
func (r *Repository) display(path string) string {
	rel, err := filepath.Rel(r.commonDir, path)
	if err != nil || strings.HasPrefix(rel, "..") {
		return path
	}
	return rel
}
