package dirsource

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// maxWait is how long one file may keep its reader waiting. Only the system's own files do: /proc/kmsg, trace_pipe.
const maxWait = 2 * time.Second

// openFlags open what is there without waiting for it and without following a link.
const openFlags = unix.O_RDONLY | unix.O_NONBLOCK | unix.O_NOFOLLOW | unix.O_NOCTTY | unix.O_CLOEXEC

// disk makes the system calls of one worker and owns their buffers. Folders are opened from the root's descriptor and
// files from their folder's, never through a link: what took a folder's place leads nowhere.
type disk struct {
	root    int
	stat    unix.Stat_t
	entries []byte
}

// direntBytes is the buffer for a folder's entries: enough for nearly all in one call.
const direntBytes = 32 << 10

// folder is an open folder. The zero value is none.
type folder struct{ fd int }

func (f folder) opened() bool { return f.fd > 0 }

func (f *folder) close() {
	if f.fd > 0 {
		_ = unix.Close(f.fd)
		f.fd = 0
	}
}

func (d *disk) openRoot(path string) error {
	fd, err := open(unix.AT_FDCWD, path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC)
	d.root = fd
	return err
}

func (d *disk) closeRoot() { _ = unix.Close(d.root) }

// share takes the root of another.
func (d *disk) share(other *disk) { d.root = other.root }

// open is never 0: that is the process's standard input, and stands for none here.
func open(dir int, name string, flags int) (int, error) {
	for {
		fd, err := unix.Openat(dir, name, flags, 0)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err == nil && fd == 0:
			fd, err = unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 3)
			_ = unix.Close(0)
		}
		return fd, err
	}
}

const folderFlags = unix.O_RDONLY | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC

// openFolder opens the folder at a path from the root.
func (d *disk) openFolder(rel string) (folder, error) {
	if rel == "" {
		rel = "."
	}
	how := unix.OpenHow{Flags: folderFlags, Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS}
	if fd, err := unix.Openat2(d.root, rel, &how); err == nil && fd > 0 {
		return folder{fd}, nil
	}
	return d.descend(rel) // the call is missing or forbidden, the path is too long, or there is no such folder
}

// descend opens one folder after the other.
func (d *disk) descend(rel string) (folder, error) {
	at := folder{}
	for part := range strings.SplitSeq(rel, "/") {
		parent := d.root
		if at.opened() {
			parent = at.fd
		}
		fd, err := open(parent, part, folderFlags)
		at.close()
		if err != nil {
			return folder{}, err
		}
		at.fd = fd
	}
	return at, nil
}

// list reads all names of a folder. With an error the list holds what was read up to it.
func (d *disk) list(f folder, l *listing) error {
	l.reset()
	defer l.name()
	if d.entries == nil {
		d.entries = make([]byte, direntBytes)
	}
	for len(l.entries) <= maxEntries {
		n, err := unix.Getdents(f.fd, d.entries)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return err
		case n <= 0:
			return nil
		default:
			d.parse(f, d.entries[:n], l)
		}
	}
	return nil
}

// parse takes the entries that the system wrote: inode 8 bytes, offset 8, length 2, type 1, name, NUL.
// Source: getdents(2), read 2026-11-24.
func (d *disk) parse(f folder, data []byte, l *listing) {
	const header = 19
	for len(data) > header {
		length := int(binary.NativeEndian.Uint16(data[16:]))
		if length <= header || length > len(data) {
			return
		}
		name, _, _ := bytes.Cut(data[header:length], []byte{0})
		l.add(name, d.kind(f, name, data[18]))
		data = data[length:]
	}
}

// kind is what an entry's type says, or a look at it where the file system does not say.
func (d *disk) kind(f folder, name []byte, direntType byte) entryKind {
	switch direntType {
	case unix.DT_REG:
		return fileEntry
	case unix.DT_DIR:
		return folderEntry
	case unix.DT_UNKNOWN:
		if unix.Fstatat(f.fd, string(name), &d.stat, unix.AT_SYMLINK_NOFOLLOW) != nil {
			return fileEntry // opening it says what is wrong
		}
		switch d.stat.Mode & unix.S_IFMT {
		case unix.S_IFREG:
			return fileEntry
		case unix.S_IFDIR:
			return folderEntry
		}
	}
	return otherEntry
}

// file is an open regular file.
type file struct {
	fd   int
	size int64
	// holes says that it takes less room than its size.
	holes bool

	patience time.Time // when its reader waits no longer; zero before it waited
}

func (f *file) close() { _ = unix.Close(f.fd) }

// openFile opens a regular file of a folder. Whatever took its place since the folder was read is neither followed
// nor waited for. Errors: errNotRegular, a readError.
func (d *disk) openFile(dir folder, name string) (file, error) {
	fd, err := open(dir.fd, name, openFlags)
	if errors.Is(err, unix.ELOOP) {
		return file{}, errNotRegular // a link now
	}
	if err != nil {
		return file{}, failedRead(err)
	}
	return d.opened(fd)
}

// openNamed opens the file that the user named, which may be a link.
func openNamed(path string, d *disk) (file, error) {
	fd, err := open(unix.AT_FDCWD, path, openFlags&^unix.O_NOFOLLOW)
	if err != nil {
		return file{}, failedRead(err)
	}
	return d.opened(fd)
}

func (d *disk) opened(fd int) (file, error) {
	err := unix.Fstat(fd, &d.stat)
	if err == nil && d.stat.Mode&unix.S_IFMT == unix.S_IFREG {
		return file{fd: fd, size: d.stat.Size, holes: d.stat.Blocks*512 < d.stat.Size}, nil
	}
	_ = unix.Close(fd)
	if err != nil {
		return file{}, failedRead(err)
	}
	return file{}, errNotRegular
}

// read reads on. 0 without an error is the end.
func (f *file) read(buffer []byte) (int, error) {
	for {
		n, err := unix.Read(f.fd, buffer)
		switch {
		case errors.Is(err, unix.EAGAIN):
			if err := f.wait(); err != nil {
				return 0, err
			}
		case errors.Is(err, unix.EINTR):
		default:
			return max(n, 0), err
		}
	}
}

var errNothingToRead = errors.New("it gives nothing to read: i/o timeout")

// wait waits for a file that has nothing to give yet, in all for maxWait. A file of a disk never comes here.
func (f *file) wait() error {
	if f.patience.IsZero() {
		f.patience = time.Now().Add(maxWait)
	}
	left := time.Until(f.patience)
	if left <= 0 {
		return errNothingToRead
	}
	ask := []unix.PollFd{{Fd: int32(f.fd), Events: unix.POLLIN}} //nolint:gosec // the system's descriptors are small
	_, err := unix.Poll(ask, int(left/time.Millisecond)+1)
	if errors.Is(err, unix.EINTR) {
		return nil
	}
	return err
}

// readAt fills buffer from an offset on; less without an error is the end.
func (f *file) readAt(buffer []byte, offset int64) (int, error) {
	for n := 0; ; {
		got, err := unix.Pread(f.fd, buffer[n:], offset+int64(n))
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return n, err
		}
		if n += got; got == 0 || n == len(buffer) {
			return n, nil
		}
	}
}

// stretches are where the file holds data; what is between them are holes, which read as zeros.
func (f *file) stretches() ([]stretch, error) {
	var all []stretch
	for at := int64(0); at < f.size; {
		start, err := unix.Seek(f.fd, at, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) {
			break // a hole up to the end
		}
		if err != nil {
			return nil, err
		}
		end, err := unix.Seek(f.fd, start, unix.SEEK_HOLE)
		if err != nil {
			return nil, err
		}
		all = append(all, stretch{start, min(end, f.size)})
		if len(all) > maxStretches || end <= start {
			return []stretch{{0, f.size}}, nil // the holes are read
		}
		at = end
	}
	_, err := unix.Seek(f.fd, 0, unix.SEEK_SET)
	return all, err
}
