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
		data, err := io.ReadAll(io.LimitReader(untilDone{ctx, s.in}, s.max))
		if ctx.Err() != nil {
			yield(scanner.Blob{}, ctx.Err())
			return
		}
		if skip := s.cut(data, err); skip != nil && !yield(scanner.Blob{}, skip) {
			return
		}
		s.counts.Blobs++
		s.counts.Bytes += int64(len(data))
		yield(scanner.Blob{Kind: scanner.KindFile, Data: data, Location: scanner.Location{Kind: scanner.KindFile, Path: Path}}, nil)
	}
}

// cut says what of the stream is not in data.
func (s *Source) cut(data []byte, err error) error {
	if err != nil {
		return &scanner.Skip{Reason: scanner.SkipUnreadable, Path: Path, Detail: fmt.Sprintf("after %d bytes: %v", len(data), err)}
	}
	if int64(len(data)) < s.max {
		return nil
	}
	if n, _ := io.ReadFull(s.in, make([]byte, 1)); n == 0 {
		return nil
	}
	return &scanner.Skip{Reason: scanner.SkipTooLarge, Path: Path, Detail: fmt.Sprintf("only the first %d bytes were scanned", len(data))}
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
