package packfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const headerBytes = 12

// Header is the start of a pack.
type Header struct {
	Version uint32
	Objects uint32
}

// ParseHeader reads the first 12 bytes of a pack.
func ParseHeader(data []byte) (Header, error) {
	if len(data) < headerBytes || !bytes.HasPrefix(data, []byte("PACK")) {
		return Header{}, fmt.Errorf("pack header: %w", ErrCorrupt)
	}
	h := Header{Version: binary.BigEndian.Uint32(data[4:]), Objects: binary.BigEndian.Uint32(data[8:])}
	if h.Version != 2 && h.Version != 3 {
		return Header{}, fmt.Errorf("pack version %d: %w", h.Version, ErrUnsupported)
	}
	return h, nil
}

// CheckPack says whether pack, of size bytes, is the one that x was made for: header, number of objects and
// trailer. It reads the ends only, so damage in between is not seen.
//
// Errors: ErrCorrupt, ErrUnsupported, else what pack returned.
func (x *Index) CheckPack(pack io.ReaderAt, size int64) error {
	if size < headerBytes+int64(x.hashSize) {
		return fmt.Errorf("pack of %d bytes is too short: %w", size, ErrCorrupt)
	}
	head := make([]byte, headerBytes)
	if err := readAt(pack, head, 0); err != nil {
		return err
	}
	h, err := ParseHeader(head)
	if err != nil {
		return err
	}
	if int64(h.Objects) != int64(x.count) {
		return fmt.Errorf("pack of %d objects, index of %d: %w", h.Objects, x.count, ErrCorrupt)
	}
	trailer := make([]byte, x.hashSize)
	if err := readAt(pack, trailer, size-int64(x.hashSize)); err != nil {
		return err
	}
	if !bytes.Equal(trailer, x.PackChecksum()) {
		return fmt.Errorf("pack trailer is not the one of its index: %w", ErrCorrupt)
	}
	return nil
}

func readAt(r io.ReaderAt, buf []byte, at int64) error {
	n, err := r.ReadAt(buf, at)
	if n == len(buf) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = ErrCorrupt
	}
	return fmt.Errorf("read pack at %d: %w", at, err)
}
