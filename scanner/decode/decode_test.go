package decode_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/keywright/keywright/scanner/decode"
)

// text is what the tests look for; it is long enough for every encoding.
const text = "the quick brown fox jumps over 13 lazy dogs"

// hit is where the text was found.
type hit struct {
	decoders, member, outer string
}

// hits walks data and returns where the text was found, with the outer span that its place maps to.
func hits(t testing.TB, data []byte, limits decode.Limits) ([]hit, []decode.Cut) {
	t.Helper()
	var out []hit
	cuts := decode.Walk(data, limits, func(p *decode.Piece) {
		at := bytes.Index(p.Data, []byte(text))
		if at < 0 {
			return
		}
		start, end := p.Span(at, at+len(text))
		if start < 0 || start > end || end > len(data) {
			t.Fatalf("span %d to %d of %d", start, end, len(data))
		}
		out = append(out, hit{strings.Join(p.Decoders, " "), p.Member, string(data[start:end])})
	})
	return out, cuts
}

func gz(data string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, data)
	_ = w.Close()
	return b.String()
}

func tarball(data string, names ...string) string {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range names {
		_ = w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Size: int64(len(data)), Mode: 0o600})
		_, _ = io.WriteString(w, data)
	}
	_ = w.Close()
	return b.String()
}

func zipped(t testing.TB, name, data string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	member, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(member, data)
	_ = w.Close()
	return b.String()
}

// bzipped is text, compressed by another program: the standard library does not write bzip2.
var bzipped = func() string {
	data, err := hex.DecodeString("425a68393141592653598579fa950000119980400028003ffffff02000314000d00001465000d1e5193cd47bd0419d79d355249239519cd6443e35a31ceaeca0771b5ae2ee48a70a1210af3f52a0")
	if err != nil {
		panic(err)
	}
	return string(data)
}()

func zlibbed(data string) string {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, _ = io.WriteString(w, data)
	_ = w.Close()
	return b.String()
}

// every writes each byte of data in a form.
func every(data, form string) string {
	var b strings.Builder
	for _, c := range []byte(data) {
		fmt.Fprintf(&b, form, c)
	}
	return b.String()
}

func chunks(data string, size int) []string {
	var out []string
	for c := range slices.Chunk([]byte(data), size) {
		out = append(out, string(c))
	}
	return out
}

// lines wraps data at 32 behind a mark.
func lines(mark, data string) string {
	return mark + strings.Join(chunks(data, 32), "\n"+mark) + "\n"
}

// dump shows data as hexdump and xxd do, sixteen bytes a line in groups, and as text behind two blanks.
func dump(data, offset string, group int) string {
	var b strings.Builder
	for n, line := range chunks(data, 16) {
		fmt.Fprintf(&b, offset, 16*n)
		for _, bytes := range chunks(line, group) {
			fmt.Fprintf(&b, "%x ", bytes)
		}
		fmt.Fprintf(&b, " |%s|\n", line)
	}
	return b.String()
}

func b64(data string) string { return base64.StdEncoding.EncodeToString([]byte(data)) }

func TestWhereADecodedTextComesFrom(t *testing.T) {
	t.Parallel()
	wide := strings.Join(strings.Split(text, ""), "\x00") + "\x00"
	escaped := strings.ReplaceAll(text, " ", "%20")
	for _, test := range []struct {
		name, data string
		want       hit
	}{
		{"base64", "k: " + b64("abc"+text) + "\n", hit{"base64", "", b64("abc" + text)[4:62]}},
		{"hex", "k: " + hex.EncodeToString([]byte("ab"+text)), hit{"hex", "", hex.EncodeToString([]byte(text))}},
		{"hex that begins with a digit too many", "k: 7" + hex.EncodeToString([]byte(text)), hit{"hex", "", hex.EncodeToString([]byte(text))}},
		{"percent", "x?k=" + escaped + "&y=%41", hit{"percent", "", escaped}},
		{"UTF-16", "\xff\xfe" + wide, hit{"utf16", "", wide}},
		{"UTF-16 inside binary data", "\x01\x02\x03\x80" + wide + "\x99\x98", hit{"utf16", "", wide}},
		{"a tar archive", tarball("--"+text, "d/a.txt"), hit{"tar", "d/a.txt", text}},
		{"an archive in an archive", gz(tarball(text, "a.txt")), hit{"gzip tar", "a.txt", gz(tarball(text, "a.txt"))}},
		{"escapes of a string", `{"k":"` + strings.ReplaceAll(text, " ", `\u0020`) + `"}`, hit{"backslash", "", strings.ReplaceAll(text, " ", `\u0020`)}},
		{"escapes of a string, every byte", `"` + every(text, `\x%02x`) + `"`, hit{"backslash", "", every(text, `\x%02x`)}},
		{"escapes of XML", "<k>" + strings.ReplaceAll(text, " ", "&#x20;") + "</k>", hit{"entity", "", strings.ReplaceAll(text, " ", "&#x20;")}},
		{"hex behind 0x", "k: 0x" + hex.EncodeToString([]byte(text)), hit{"hex", "", hex.EncodeToString([]byte(text))}},
		{"hex in a path", "/Keys/" + hex.EncodeToString([]byte(text)) + "/x", hit{"hex", "", hex.EncodeToString([]byte(text))}},
		{"hex with colons", "k: " + strings.TrimSuffix(every(text, "%02x:"), ":") + "\n", hit{"hex", "", strings.TrimSuffix(every(text, "%02x:"), ":")}},
		{"an array of bytes", "{" + every(text, "0x%02X, ") + "0x00}", hit{"hex", "", strings.TrimSuffix(every(text, "0x%02X, ")[2:], ", ")}},
		{"a dump with offsets", dump(text, "%08x  ", 1), hit{"hex", "", ""}},
		{"a dump in pairs", dump(text, "%08x: ", 2), hit{"hex", "", ""}},
		{"base64 in a patch", "@@ -0,0 +1,9 @@\n" + lines("+", b64(text+text+text)), hit{"base64", "", ""}},
		{"base64 in a comment", lines("# ", b64(text+text+text)), hit{"base64", "", ""}},
		{"base64 in a quoted mail", lines("> ", b64(text+text+text)), hit{"base64", "", ""}},
		{"base64 in strings that are put together", lines("", `"`+strings.Join(chunks(b64(text+text+text), 32), "\" +\n  \"")+`"`), hit{"base64", "", ""}},
		{"base64 in strings side by side", `k = ("` + strings.Join(chunks(b64(text+text+text), 32), "\"\n     \"") + `")`, hit{"base64", "", ""}},
		{"base64 in a list of lines", `["` + strings.Join(chunks(b64(text+text+text), 32), "\\n\",\n \"") + `"]`, hit{"base64", "", ""}},
		{"a zlib stream", zlibbed(text), hit{"zlib", "", zlibbed(text)}},
		{"a bzip2 stream", bzipped, hit{"bzip2", "", bzipped}},
		{"a program that unpacks itself", "#!/bin/sh\nexec java -jar \"$0\"\n" + zipped(t, "a.txt", text), hit{"zip", "a.txt", text}},
		{"base64 in percent", "x?k=" + strings.ReplaceAll(b64("????"+text), "/", "%2F") + "%3D%3D", hit{"percent base64", "", ""}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, cuts := hits(t, []byte(test.data), decode.Limits{})
			if len(cuts) > 0 {
				t.Errorf("cuts %v", cuts)
			}
			i := slices.IndexFunc(got, func(h hit) bool { return h.decoders == test.want.decoders })
			if i < 0 {
				t.Fatalf("found by %v only", got)
			}
			if got[i].member != test.want.member || test.want.outer != "" && got[i].outer != test.want.outer {
				t.Errorf("got %+v, want %+v", got[i], test.want)
			}
		})
	}
}

func TestAMemberOfAZipIsPlacedInItsBytes(t *testing.T) {
	t.Parallel()
	got, _ := hits(t, []byte(zipped(t, "a.txt", text)), decode.Limits{})
	if len(got) != 1 || got[0] != (hit{"zip", "a.txt", text}) {
		t.Errorf("got %+v", got)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	bomb := gz(strings.Repeat("0", 4<<20) + text)
	for _, test := range []struct {
		name, data string
		limits     decode.Limits
		found      bool
		limit      bool // a cut that a limit made
		broken     bool // a cut that no limit made
	}{
		{"depth three is decoded", b64(b64(b64(text))), decode.Limits{}, true, false, false},
		{"depth four is not", b64(b64(b64(b64(text)))), decode.Limits{}, false, false, false},
		{"no depth decodes nothing", b64(text), decode.Limits{MaxDepth: -1}, false, false, false},
		{"a bomb ends at the budget", bomb, decode.Limits{MaxBytes: 1 << 20}, false, true, false},
		{"within the budget it is no bomb", bomb, decode.Limits{}, true, false, false},
		{"many runs share the budget", strings.Repeat(b64(strings.Repeat("Zebra", 60))+" ", 100) + b64(text), decode.Limits{MaxBytes: 9920}, false, true, false},
		{"members are counted", tarball(text, "a", "b"), decode.Limits{MaxMembers: 1}, true, true, false},
		{"an archive of a form that is not opened", "\xfd7zXZ\x00" + text, decode.Limits{}, false, false, true},
		{"a broken archive is read as far as it goes", gz(text)[:len(gz(text))-6], decode.Limits{}, true, false, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, cuts := hits(t, []byte(test.data), test.limits)
			if (len(got) > 0) != test.found {
				t.Errorf("found %v", got)
			}
			limit := slices.ContainsFunc(cuts, func(c decode.Cut) bool { return c.Limit })
			broken := slices.ContainsFunc(cuts, func(c decode.Cut) bool { return !c.Limit })
			if limit != test.limit || broken != test.broken {
				t.Errorf("cuts %v", cuts)
			}
		})
	}
}

// TestASparseMemberIsTakenAsItIsStored: read by its map, a member of a few bytes can be terabytes of holes.
func TestASparseMemberIsTakenAsItIsStored(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	stored := "1\n9000000000000\n43\n" + strings.Repeat("\x00", 512-19) + text
	err := w.WriteHeader(&tar.Header{
		Name: "GNUSparseFile.0/big", Typeflag: tar.TypeReg, Size: int64(len(stored)), Mode: 0o600, Format: tar.FormatPAX,
		PAXRecords: map[string]string{},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(w, stored)
	_ = w.Close()
	got, cuts := hits(t, sparse(b.Bytes()), decode.Limits{})
	if len(got) != 1 || got[0].outer != text || len(cuts) > 0 {
		t.Errorf("got %+v, cuts %v", got, cuts)
	}
}

// sparse turns the only member of a tar archive into one of GNU's sparse format 1.0 by putting a PAX header
// before it; the standard library writes none.
func sparse(plain []byte) []byte {
	var b bytes.Buffer
	records := ""
	for _, r := range []string{"GNU.sparse.major=1", "GNU.sparse.minor=0", "GNU.sparse.name=big", "GNU.sparse.realsize=9000000000043"} {
		n := len(r) + 4 // two digits, a blank, the line feed
		records += fmt.Sprintf("%d %s\n", n, r)
	}
	w := tar.NewWriter(&b)
	_ = w.WriteHeader(&tar.Header{Name: "h", Typeflag: tar.TypeReg, Size: int64(len(records)), Format: tar.FormatUSTAR})
	_, _ = io.WriteString(w, records)
	_ = w.Flush()
	head := b.Bytes()
	head[156] = tar.TypeXHeader
	copy(head[148:156], "        ")
	sum := 0
	for _, c := range head[:512] {
		sum += int(c)
	}
	copy(head[148:156], fmt.Sprintf("%06o\x00 ", sum))
	return append(slices.Clone(head), plain...)
}

// TestEveryAlignmentIsDecoded puts the text at every offset of what is encoded, and characters of the
// alphabet in front of it.
func TestEveryAlignmentIsDecoded(t *testing.T) {
	t.Parallel()
	for before := range 6 {
		for glued := range 5 {
			data := "x: " + strings.Repeat("A", glued) + b64(strings.Repeat("\xff", before)+text+"\xfe\xff")
			if got, _ := hits(t, []byte(data), decode.Limits{}); len(got) == 0 {
				t.Errorf("%d bytes before it, %d characters glued to it: not found", before, glued)
			}
		}
	}
}

// FuzzWalk promises: never panics, spans lie in the text, pieces never exceed the budget.
func FuzzWalk(f *testing.F) {
	for _, seed := range []string{
		"", b64(text), hex.EncodeToString([]byte(text)), "%41%42" + text, gz(text), tarball(text, "a"), zipped(f, "a", text),
		zlibbed(text), bzipped, gz(tarball(zipped(f, "a", text), "b")), dump(text, "%08x  ", 1), lines("+", b64(text+text)), every(text, "&#%d;"),
		"\xff\xfe" + strings.Join(strings.Split(text, ""), "\x00"), b64(b64(text)) + "\n" + b64(text), `"` + b64(text) + `\n` + b64(text),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		const budget = 1 << 16
		total := 0
		decode.Walk(data, decode.Limits{MaxBytes: budget}, func(p *decode.Piece) {
			total += len(p.Data)
			for _, at := range [][2]int{{0, len(p.Data)}, {len(p.Data) / 2, len(p.Data)}, {0, 0}, {len(p.Data) / 3, len(p.Data) / 2}} {
				start, end := p.Span(at[0], at[1])
				if start < 0 || start > end || end > len(data) {
					t.Fatalf("%v: span %d to %d of %d", p.Decoders, start, end, len(data))
				}
			}
		})
		if total > budget {
			t.Fatalf("%d bytes decoded, the budget is %d", total, budget)
		}
	})
}
