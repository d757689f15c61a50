package stdinsource

import (
	"context"
	"fmt"
	"io"
	"iter"

	"github.com/keywright/keywright/scanner"
)

// DefaultMaxBytes is how much of a stream is scanned.
const DefaultMaxBytes = 64 << 20

// Path is the path of what came by the stream.
const Path = "-"

// Options of [New]. The zero value is right.
type Options struct {
	// MaxBytes is the cap; 0: DefaultMaxBytes.
	MaxBytes int64
}

// Source is a stream. It is a scanner.Counter.
type Source struct {
	in     io.Reader
	max    int64
	counts scanner.Counts
}

// New makes a source of what r gives until its end.
func New(r io.Reader, options Options) *Source {
	if options.MaxBytes <= 0 {
		options.MaxBytes = DefaultMaxBytes
	}
	return &Source{in: r, max: options.MaxBytes}
}

// Counts says what was gone through.
func (s *Source) Counts() scanner.Counts { return s.counts }

// Blobs yields the stream as one blob; before it a skip when the stream was cut or failed.
func (s *Source) Blobs(ctx context.Context) iter.Seq2[scanner.Blob, error] {
	return func(yield func(scanner.Blob, error) bool) {
		data, err := s.read(ctx)
		if ctx.Err() != nil {
			yield(scanner.Blob{}, ctx.Err())
			return
		}
		skip := s.cut(data, err)
		data = data[:min(int64(len(data)), s.max)]
		if skip != nil && !yield(scanner.Blob{}, skip) {
			return
		}
		s.counts.Blobs++
		s.counts.Bytes += int64(len(data))
		yield(scanner.Blob{Kind: scanner.KindFile, Data: data, Location: scanner.Location{Kind: scanner.KindFile, Path: Path}}, nil)
	}
}

// read takes the stream up to one byte over the cap. A stream that gives nothing does not hold it up when the
// context ends: what waits for it then stays behind until the stream ends, as nothing can wake it.
func (s *Source) read(ctx context.Context) ([]byte, error) {
	type outcome struct {
		data []byte
		err  error
	}
	read := make(chan outcome, 1)
	go func() {
		data, err := io.ReadAll(io.LimitReader(untilDone{ctx, s.in}, s.max+1))
		read <- outcome{data, err}
	}()
	select {
	case o := <-read:
		return o.data, o.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// cut says what of the stream will not be scanned.
func (s *Source) cut(data []byte, err error) error {
	switch {
	case err != nil:
		return &scanner.Skip{Reason: scanner.SkipUnreadable, Path: Path, Detail: fmt.Sprintf("after %d bytes: %v", len(data), err)}
	case int64(len(data)) > s.max:
		return &scanner.Skip{Reason: scanner.SkipTooLarge, Path: Path, Detail: fmt.Sprintf("only the first %d bytes were scanned", s.max)}
	default:
		return nil
	}
}

// untilDone ends a stream between two reads when the context did.
type untilDone struct {
	ctx context.Context
	in  io.Reader
}

func (u untilDone) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.in.Read(p)
}
