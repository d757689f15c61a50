package dirsource

import (
	"github.com/keywright/keywright/scanner"
)

// keptBytes is how large a worker's buffer may stay: nearly all files are smaller.
const keptBytes = 1 << 20

// read gives the content of a file.
func (w *worker) read(f *file, path string) error {
	if f.size > w.options.WindowBytes || f.holes && f.size >= minHoles {
		return w.readLarge(f, path)
	}
	if f.size > w.options.MaxFileBytes {
		return &tooLargeError{f.size, w.options.MaxFileBytes}
	}
	return w.readWhole(f, path)
}

func (w *worker) readWhole(f *file, path string) error {
	data, err := w.whole(f)
	if err != nil {
		return err
	}
	w.count(len(data))
	return w.give(scanner.Blob{Kind: scanner.KindFile, Data: data, Location: fileAt(path)})
}

func (w *worker) count(size int) {
	w.counts.Blobs++
	w.counts.Bytes += int64(size)
}

func fileAt(path string) scanner.Location {
	return scanner.Location{Kind: scanner.KindFile, Path: path}
}

// whole reads all of a file of at most MaxFileBytes.
func (w *worker) whole(f *file) ([]byte, error) {
	data, n := w.space(f.size+1), 0 // one more, so that growth is seen
	for {
		got, err := f.read(data[n:])
		n += got
		switch {
		case err != nil:
			return nil, failedRead(err)
		case int64(n) > w.options.MaxFileBytes:
			return nil, &tooLargeError{int64(n), w.options.MaxFileBytes}
		case got == 0, f.size > 0 && int64(n) == f.size && n < len(data): // a read that was short: the end
			return data[:n], nil
		case n == len(data):
			data = append(data, make([]byte, max(n, 4096))...) // it grew, or does not say how large it is
		}
	}
}

// space is a buffer of at least n bytes.
func (w *worker) space(n int64) []byte {
	if w.owned || n > keptBytes {
		return make([]byte, n)
	}
	if int64(len(w.buffer)) < n {
		w.buffer = make([]byte, max(n, 64<<10))
	}
	return w.buffer
}
