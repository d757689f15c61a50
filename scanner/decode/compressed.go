package decode

import (
	"archive/zip"
	"bytes"
	"compress/bzip2"
	"errors"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// What streams of xz and zstd begin with. Sources: the formats' own documents, xz 1.2.1 section 2.1.1.1 and RFC 8878
// section 3.1.1; read 2026-11-24.
const (
	xzStart   = "\xfd7zXZ\x00"
	zstdStart = "\x28\xb5\x2f\xfd"
)

// maxWindowBytes caps what a stream may ask to be held of its own past. xz -9 asks for 64 MiB, zstd without --ultra for 8.
const maxWindowBytes = 128 << 20

// zipMethods are the compressions of zip members that the standard library does not know. Source: APPNOTE.TXT 6.3.10
// section 4.4.5; read 2026-11-24.
var zipMethods = map[uint16]zip.Decompressor{
	12: func(r io.Reader) io.ReadCloser { return io.NopCloser(bzip2.NewReader(r)) },
	93: func(r io.Reader) io.ReadCloser { return orBroken(openZstd(r)) },
	95: func(r io.Reader) io.ReadCloser {
		x, err := xz.NewReader(r)
		return orBroken(io.NopCloser(x), err)
	},
}

func openZstd(r io.Reader) (io.ReadCloser, error) {
	d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindowBytes), zstd.WithDecoderLowmem(true))
	if err != nil {
		return nil, err
	}
	return d.IOReadCloser(), nil
}

// broken is the reader of what cannot be opened.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

func orBroken(r io.ReadCloser, err error) io.ReadCloser {
	if err != nil {
		return io.NopCloser(broken{err})
	}
	return r
}

func (w *Walker) zstd(data []byte, parent *Piece, depth int) {
	r, err := openZstd(bytes.NewReader(data))
	if err != nil {
		w.cut(Cut{"zstd", false, "its header is broken, or asks for too much memory"})
		return
	}
	defer func() { _ = r.Close() }()
	w.stream("zstd", r, len(data), parent, depth)
}

func (w *Walker) xz(data []byte, parent *Piece, depth int) {
	if xzWindow(data) > maxWindowBytes {
		w.cut(Cut{"xz", true, "it asks for too much memory"})
		return
	}
	r, err := xz.NewReader(bytes.NewReader(data))
	if err != nil {
		w.cut(Cut{"xz", false, "its header is broken"})
		return
	}
	w.stream("xz", r, len(data), parent, depth)
}

// xzWindow is the size of the dictionary that the first block's LZMA2 filter names: bits of a mantissa of 2 or 3 and an
// exponent. 0 where there is no such filter at its ordinary place, and then nothing is allocated for it. Source: the xz
// file format 1.2.1, sections 3.1 and 5.3.1; read 2026-11-24.
func xzWindow(data []byte) int64 {
	const block, lzma2 = 12, 0x21
	if len(data) < block+8 {
		return 0
	}
	flags, at := data[block+1], block+2
	for _, sized := range []byte{0x40, 0x80} { // the block's sizes, each an integer of 7 bits a byte
		if flags&sized == 0 {
			continue
		}
		for at < len(data) && data[at]&0x80 != 0 {
			at++
		}
		at++
	}
	filters, err := bytes.NewReader(data[min(at, len(data)):]), error(nil)
	for range int(flags&3) + 1 {
		var id, size, bits byte
		for _, field := range []*byte{&id, &size} {
			*field, err = filters.ReadByte()
		}
		if id == lzma2 {
			bits, err = filters.ReadByte()
			if bits &= 0x3f; err == nil {
				return int64(2|bits&1) << (bits/2 + 11)
			}
		}
		if _, seekErr := filters.Seek(int64(size), io.SeekCurrent); errors.Join(err, seekErr) != nil {
			return 0
		}
	}
	return 0
}
