//go:build linux

package packfile

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// mapFile maps the first size bytes of f, size > 0. A file that shrinks afterwards faults on reading: see guard.
func mapFile(f *os.File, size int) ([]byte, error) {
	data, err := unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map: %w", err)
	}
	return data, nil
}

func unmapFile(data []byte) error { return unix.Munmap(data) }

// openFlags keep an open from waiting for the writer of a FIFO.
const openFlags = unix.O_NONBLOCK | unix.O_CLOEXEC
