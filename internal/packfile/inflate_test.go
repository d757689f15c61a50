package packfile_test

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"hash/adler32"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/keywright/keywright/internal/packfile"
)

// deflated compresses data as a zlib stream.
func deflated(t testing.TB, data []byte, level int) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := zlib.NewWriterLevel(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// goSource is the text of a folder of the toolchain's source, which every machine that runs the tests has.
func goSource(t testing.TB, folder string) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(runtime.GOROOT(), "src", folder, "*.go")) //nolint:staticcheck // the tests run where they were built
	if err != nil || len(files) == 0 {
		t.Fatalf("no source in %s: %v", folder, err)
	}
	texts := map[string][]byte{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts[filepath.Base(file)] = text
	}
	return texts
}

// samples are texts that make the compressor use each of its ways.
func samples(t testing.TB) map[string][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 100_000)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	skewed := make([]byte, 200_000) // long codes: each byte half as frequent as the one before
	for i := range skewed {
		n := 0
		for r.Uint32()&1 == 0 && n < 40 {
			n++
		}
		skewed[i] = byte(n * 5)
	}
	all := goSource(t, "fmt")
	all["nothing"] = nil
	all["one byte"] = []byte("a")
	all["a run"] = bytes.Repeat([]byte("a"), 70_000)
	all["a short period"] = bytes.Repeat([]byte("abc"), 30_000)
	all["a long period"] = bytes.Repeat(noise[:32_768], 4)
	all["noise"] = noise
	all["skewed"] = skewed
	return all
}

func TestInflateGivesWhatWasDeflated(t *testing.T) {
	t.Parallel()
	var z packfile.Inflater
	for name, text := range samples(t) {
		for _, level := range []int{flate.HuffmanOnly, 0, 1, 6, 9} {
			packed := deflated(t, text, level)
			for _, tail := range []int{0, 1, 7, 40} {
				src := append(bytes.Clone(packed), make([]byte, tail)...)
				for _, room := range []int{0, 1, packfile.Slack} {
					dst := make([]byte, len(text)+room)
					n, err := z.Inflate(dst, len(text), src, true)
					if err != nil || n != len(packed) || !bytes.Equal(dst[:len(text)], text) {
						t.Fatalf("%s at level %d with %d bytes behind it and %d of room: took %d of %d, %v", name, level, tail, room, n, len(packed), err)
					}
				}
			}
		}
	}
}

func TestInflateRefusesWhatIsNotAStreamOfThatLength(t *testing.T) {
	t.Parallel()
	text := goSource(t, "errors")["errors.go"]
	whole := deflated(t, text, 6)
	changed := func(at int, to byte) []byte {
		b := bytes.Clone(whole)
		b[at] ^= to
		return b
	}
	cases := []struct {
		name string
		src  []byte
		size int
	}{
		{"no bytes", nil, 0},
		{"half a header", whole[:1], len(text)},
		{"a header alone", whole[:2], len(text)},
		{"a compression that is not deflate", changed(0, 1), len(text)},
		{"a wrong header checksum", changed(1, 1), len(text)},
		{"a stream cut in the middle", whole[:len(whole)/2], len(text)},
		{"a stream without its last byte", whole[:len(whole)-1], len(text)},
		{"a checksum that does not hold", changed(len(whole)-1, 1), len(text)},
		{"a size one too small", whole, len(text) - 1},
		{"a size one too large", whole, len(text) + 1},
		{"a size of nothing", whole, 0},
		{"a kind of block that is none", []byte{0x78, 0x9c, 7, 0, 0, 0, 0, 1, 0, 0, 0, 0}, 0},
		{"a stored block whose two lengths differ", []byte{0x78, 0x9c, 1, 1, 0, 0, 0, 'a', 0, 0, 0, 0}, 1},
		{"a stored block longer than the input", []byte{0x78, 0x9c, 1, 9, 0, 0xf6, 0xff, 'a', 0, 0, 0, 0}, 9},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, room := range []int{0, packfile.Slack} {
				var z packfile.Inflater
				if n, err := z.Inflate(make([]byte, c.size+room), c.size, c.src, true); !errors.Is(err, packfile.ErrCorrupt) || n != 0 {
					t.Errorf("took %d bytes, error is %v", n, err)
				}
			}
		})
	}
	var z packfile.Inflater
	if _, err := z.Inflate(make([]byte, len(text)), len(text), changed(len(whole)-1, 1), false); err != nil {
		t.Errorf("a wrong checksum that nobody asked about: %v", err)
	}
}

// compareInflate decodes src with the standard library and with ours, which must agree.
func compareInflate(t *testing.T, src []byte) {
	const limit = 1 << 20
	in := bytes.NewReader(src)
	var want []byte
	r, err := zlib.NewReader(in)
	if err == nil {
		want, err = io.ReadAll(io.LimitReader(r, limit+1))
	}
	if len(want) > limit {
		return
	}
	for _, room := range []int{0, 3, packfile.Slack} {
		for _, more := range []int{0, 1, -1} {
			size := len(want) + more
			if size < 0 {
				continue
			}
			// One array holds output, guard, input, guard: what is written outside is seen.
			all := bytes.Repeat([]byte{0xa5}, size+room+64+len(src)+64)
			dst, from := all[:size+room:size+room], size+room+64
			copy(all[from:], src)
			var z packfile.Inflater
			n, ourErr := z.Inflate(dst, size, all[from:from+len(src):from+len(src)], true)
			if !bytes.Equal(all[size+room:from], bytes.Repeat([]byte{0xa5}, 64)) || !bytes.Equal(all[from:from+len(src)], src) {
				t.Fatal("bytes outside the output were written")
			}
			switch {
			case err == nil && more == 0:
				if ourErr != nil || !bytes.Equal(dst[:size], want) || n != len(src)-in.Len() {
					t.Fatalf("the standard library makes %d bytes of %d, ours took %d: %v", size, len(src)-in.Len(), n, ourErr)
				}
			case !errors.Is(ourErr, packfile.ErrCorrupt):
				t.Fatalf("size %+d: the standard library says %v, ours %v", more, err, ourErr)
			}
		}
	}
}

func FuzzInflate(f *testing.F) {
	text := []byte(strings.Repeat("func main() { return } // and again\n", 9) + "end")
	for _, level := range []int{flate.HuffmanOnly, 0, 1, 6, 9} {
		f.Add(deflated(f, text, level)[2:])
		f.Add(deflated(f, nil, level)[2:])
	}
	f.Add(deflated(f, samples(f)["skewed"][:6000], 9)[2:])
	f.Add(deflated(f, goSource(f, "errors")["errors.go"], 9)[2:])
	f.Add([]byte{7})
	f.Fuzz(func(t *testing.T, body []byte) {
		compareInflate(t, append([]byte{0x78, 0x9c}, body...))
		// Behind a wrong checksum too: put right, both must take the same streams.
		plain, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(body)), 1<<20))
		if err == nil {
			compareInflate(t, binary.BigEndian.AppendUint32(append([]byte{0x78, 0x9c}, body...), adler32.Checksum(plain)))
		}
	})
}

// TestInflateAgreesOnDamagedStreams is the fuzzer's question asked of many damaged streams in each test run.
func TestInflateAgreesOnDamagedStreams(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	all := samples(t)
	for _, name := range []string{"skewed", "print.go", "a short period"} {
		for _, level := range []int{1, 9, flate.HuffmanOnly} {
			whole := deflated(t, all[name][:3000], level)
			for range 300 {
				b := bytes.Clone(whole)
				b[2+r.IntN(len(b)-2)] ^= 1 << r.IntN(8)
				compareInflate(t, b)
				compareInflate(t, b[:r.IntN(len(b))])
			}
		}
	}
}

func BenchmarkInflate(b *testing.B) {
	var packed [][]byte
	var sizes []int
	total, longest := 0, 0
	for _, text := range goSource(b, "net/http") {
		packed = append(packed, deflated(b, text, 6))
		sizes = append(sizes, len(text))
		total += len(text)
		longest = max(longest, len(text))
	}
	dst := make([]byte, longest+packfile.Slack)
	for _, check := range []bool{true, false} {
		b.Run(map[bool]string{true: "own", false: "own without checksum"}[check], func(b *testing.B) {
			var z packfile.Inflater
			b.SetBytes(int64(total))
			for b.Loop() {
				for i, src := range packed {
					if _, err := z.Inflate(dst, sizes[i], src, check); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
	b.Run("standard library", func(b *testing.B) {
		in := bytes.NewReader(packed[0])
		r, err := zlib.NewReader(in)
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(total))
		for b.Loop() {
			for i, src := range packed {
				in.Reset(src)
				if err := r.(zlib.Resetter).Reset(in, nil); err != nil {
					b.Fatal(err)
				}
				if _, err := io.ReadFull(r, dst[:sizes[i]]); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
