package decode_test

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"github.com/keywright/keywright/scanner/decode"
)

// compress writes text through a compressor.
func compress(t *testing.T, text string, open func(io.Writer) (io.WriteCloser, error)) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := open(&out)
	if err == nil {
		_, err = io.WriteString(w, text)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func withXZ(window int) func(io.Writer) (io.WriteCloser, error) {
	return func(w io.Writer) (io.WriteCloser, error) { return xz.WriterConfig{DictCap: window}.NewWriter(w) }
}

func withZstd(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) }

// stored puts data into a zip archive as it is, under the number of a compression.
func stored(t *testing.T, method uint16, data []byte, size int) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	f, err := w.CreateRaw(&zip.FileHeader{Name: "a.txt", Method: method, CompressedSize64: uint64(len(data)), UncompressedSize64: uint64(size)})
	if err == nil {
		_, err = f.Write(data)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestCompressedStreamsAreRead(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("the text inside\n", 1000)
	byXZ, byZstd := compress(t, text, withXZ(8<<20)), compress(t, text, withZstd)
	for name, c := range map[string]struct {
		data []byte
		by   string
	}{
		"xz":                 {byXZ, "xz"},
		"zstd":               {byZstd, "zstd"},
		"zip member by xz":   {stored(t, 95, byXZ, len(text)), "zip"},
		"zip member by zstd": {stored(t, 93, byZstd, len(text)), "zip"},
	} {
		found := false
		cuts := decode.Walk(c.data, decode.Limits{}, func(p *decode.Piece) {
			found = found || len(p.Decoders) == 1 && p.Decoders[0] == c.by && strings.Contains(string(p.Data), text)
		})
		if !found {
			t.Errorf("%s: the text is not among the pieces; cuts %+v", name, cuts)
		}
		if !decode.Whole(c.data) {
			t.Errorf("%s may be decoded in parts", name)
		}
	}
}

func TestCompressedStreamsAreCutAndSaidToBe(t *testing.T) {
	t.Parallel()
	zeros := strings.Repeat("\x00", 32<<20)
	limits := decode.Limits{MaxBytes: 1 << 20}
	for name, data := range map[string][]byte{
		"a bomb of xz":                     compress(t, zeros, withXZ(1<<20)),
		"a bomb of zstd":                   compress(t, zeros, withZstd),
		"xz that asks for half a gigabyte": compress(t, "small", withXZ(512<<20)),
	} {
		var most int
		cuts := decode.Walk(data, limits, func(p *decode.Piece) { most = max(most, len(p.Data)) })
		if len(cuts) != 1 || !cuts[0].Limit || most > 1<<20 {
			t.Errorf("%s: cuts %+v, a piece of %d bytes", name, cuts, most)
		}
	}
	for name, data := range map[string][]byte{
		"xz cut in the middle":   compress(t, strings.Repeat("text", 1<<16), withXZ(1<<20))[:60],
		"zstd cut in the middle": compress(t, strings.Repeat("text", 1<<16), withZstd)[:20],
	} {
		cuts := decode.Walk(data, decode.Limits{}, func(*decode.Piece) {})
		if len(cuts) != 1 || cuts[0].Limit {
			t.Errorf("%s: cuts %+v", name, cuts)
		}
	}
}

// What is broken anywhere must end in time and within the budget.
func FuzzCompressed(f *testing.F) {
	var x bytes.Buffer
	w, err := xz.NewWriter(&x)
	if err != nil {
		f.Fatal(err)
	}
	if _, err = io.WriteString(w, strings.Repeat("text ", 100)); err == nil {
		err = w.Close()
	}
	if err != nil {
		f.Fatal(err)
	}
	z, err := zstd.NewWriter(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(x.Bytes())
	f.Add(z.EncodeAll([]byte(strings.Repeat("text ", 100)), nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		const most = 1 << 20
		total := 0
		decode.Walk(data, decode.Limits{MaxBytes: most}, func(p *decode.Piece) { total += len(p.Data) })
		if total > most {
			t.Errorf("%d bytes were decoded, the budget is %d", total, most)
		}
	})
}
