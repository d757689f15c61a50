//go:build !linux

package packfile

import (
	"fmt"
	"io"
	"os"
)

// mapFile reads the first size bytes of f: the way for systems whose mappings this package was not tried on.
func mapFile(f *os.File, size int) ([]byte, error) {
	data := make([]byte, size)
	if _, err := io.ReadFull(f, data); err != nil {
		return nil, fmt.Errorf("read whole: %w", err)
	}
	return data, nil
}

func unmapFile([]byte) error { return nil }

const openFlags = 0
