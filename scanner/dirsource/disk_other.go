//go:build !linux

package dirsource

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// maxWait is how long one file may keep its reader waiting.
const maxWait = 2 * time.Second

// disk opens folders and files below a root that no link leads out of.
type disk struct{ root *os.Root }

// folder is an open folder. The zero value is none.
type folder struct {
	file *os.File
	rel  string
}

func (f folder) opened() bool { return f.file != nil }

func (f *folder) close() {
	if f.file != nil {
		_ = f.file.Close()
		f.file = nil
	}
}

func (d *disk) openRoot(path string) (err error) {
	d.root, err = os.OpenRoot(path)
	return err
}

func (d *disk) closeRoot() { _ = d.root.Close() }

// share takes the root of another.
func (d *disk) share(other *disk) { d.root = other.root }

// openFolder opens the folder at a path from the root.
func (d *disk) openFolder(rel string) (folder, error) {
	name := rel
	if name == "" {
		name = "."
	}
	f, err := d.root.Open(name)
	return folder{f, rel}, err
}

// list reads all names of a folder. With an error the list holds what was read up to it.
func (d *disk) list(f folder, l *listing) error {
	l.reset()
	defer l.name()
	const step = 1024
	for len(l.entries) <= maxEntries {
		entries, err := f.file.ReadDir(step)
		for _, e := range entries {
			l.add([]byte(e.Name()), kindOf(e.Type()))
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func kindOf(mode fs.FileMode) entryKind {
	switch {
	case mode.IsRegular():
		return fileEntry
	case mode.IsDir():
		return folderEntry
	default:
		return otherEntry
	}
}

// file is an open regular file.
type file struct {
	file  *os.File
	size  int64
	holes bool // never known here
}

func (f *file) close() { _ = f.file.Close() }

// openFile opens a regular file of a folder. What took its place since the folder was read is not waited for, and
// leads to nothing outside of the root. Errors: errNotRegular, a readError.
func (d *disk) openFile(dir folder, name string) (file, error) {
	f, err := d.root.OpenFile(join(dir.rel, name), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	return opened(f, err)
}

// openNamed opens the file that the user named, which may be a link.
func openNamed(path string, _ *disk) (file, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	return opened(f, err)
}

func opened(f *os.File, err error) (file, error) {
	if err != nil {
		return file{}, failedRead(err)
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		_ = f.Close()
		if err != nil {
			return file{}, failedRead(err)
		}
		return file{}, errNotRegular
	}
	_ = f.SetReadDeadline(time.Now().Add(maxWait)) // files of a disk have none and need none
	return file{file: f, size: info.Size()}, nil
}

// read reads on. 0 without an error is the end.
func (f *file) read(buffer []byte) (int, error) {
	n, err := f.file.Read(buffer)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

// readAt fills buffer from an offset on; less without an error is the end.
func (f *file) readAt(buffer []byte, offset int64) (int, error) {
	n, err := f.file.ReadAt(buffer, offset)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

// stretches are where the file holds data: all of it, as far as is known here.
func (f *file) stretches() ([]stretch, error) { return []stretch{{0, f.size}}, nil }
