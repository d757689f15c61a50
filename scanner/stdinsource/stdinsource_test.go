package stdinsource_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/keywright/keywright/scanner"
	"github.com/keywright/keywright/scanner/stdinsource"
)

func TestBlobs(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name string
		in   io.Reader
		max  int64
		want string
		skip scanner.SkipReason
	}{
		{"a stream is one blob", strings.NewReader("some\ntext"), 0, "some\ntext", ""},
		{"an empty stream is an empty blob", strings.NewReader(""), 0, "", ""},
		{"a stream of just the cap is whole", strings.NewReader("12345"), 5, "12345", ""},
		{"a stream over the cap is cut and says so", strings.NewReader("123456"), 5, "12345", scanner.SkipTooLarge},
		{"a stream that fails says so", io.MultiReader(strings.NewReader("12"), iotest.ErrReader(errors.New("gone"))), 0, "12", scanner.SkipUnreadable},
		{"a stream of single bytes is whole", iotest.OneByteReader(strings.NewReader("12345")), 0, "12345", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := stdinsource.New(c.in, stdinsource.Options{MaxBytes: c.max})
			var got []scanner.Blob
			var reason scanner.SkipReason
			for b, err := range s.Blobs(context.Background()) {
				var skip *scanner.Skip
				if errors.As(err, &skip) {
					reason = skip.Reason
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, b)
			}
			if len(got) != 1 || string(got[0].Data) != c.want || got[0].Location.Path != stdinsource.Path || reason != c.skip {
				t.Errorf("blobs %+v, skip %q", got, reason)
			}
			if n := s.Counts(); n.Blobs != 1 || n.Bytes != int64(len(c.want)) {
				t.Errorf("counts %+v", n)
			}
		})
	}
}

func TestBlobsOfACancelledContextEndWithItsError(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, err := range stdinsource.New(strings.NewReader("text"), stdinsource.Options{}).Blobs(ctx) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error is %v", err)
		}
	}
}

func TestAStreamThatGivesNothingEndsWithTheContext(t *testing.T) {
	t.Parallel()
	r, w := io.Pipe()
	defer func() { _ = w.Close() }()
	ctx, cancel := context.WithCancel(t.Context())
	started := reading{r, cancel}
	var last error
	for _, err := range stdinsource.New(started, stdinsource.Options{}).Blobs(ctx) {
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("error is %v", last)
	}
}

// reading says that somebody reads.
type reading struct {
	io.Reader
	said func()
}

func (r reading) Read(p []byte) (int, error) {
	r.said()
	return r.Reader.Read(p)
}
