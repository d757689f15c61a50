package scanner

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"flag"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var countAgain = flag.Bool("count-trigrams", false, "rewrite trigrams.bin from the text of the toolchain at hand")

// keptTrigrams are enough to know the traffic: what is rarer than they are is rare.
const keptTrigrams = 1 << 14

// toolchainText calls visit with every every-th file of the toolchain's source.
func toolchainText(t testing.TB, every int, visit func(data []byte)) {
	t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	err = filepath.WalkDir(filepath.Join(strings.TrimSpace(string(root)), "src"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		if n++; n%every != 0 {
			return nil
		}
		data, err := os.ReadFile(path)
		if err == nil {
			visit(data)
		}
		return err
	})
	if err != nil || n == 0 {
		t.Fatalf("%d files of the toolchain's source are read: %v", n, err)
	}
}

func countTrigrams(t testing.TB, every int) (counts []uint32, total int) {
	counts = make([]uint32, 1<<24)
	toolchainText(t, every, func(data []byte) {
		for i := 0; i+3 <= len(data); i++ {
			counts[uint32(data[i])|uint32(data[i+1])<<8|uint32(data[i+2])<<16]++
			total++
		}
	})
	return counts, total
}

func writeTrigrams(t *testing.T) {
	counts, total := countTrigrams(t, 1)
	var seen []uint32
	for v, n := range counts {
		if n > 0 {
			seen = append(seen, uint32(v))
		}
	}
	slices.SortFunc(seen, func(a, b uint32) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) })
	seen = seen[:min(len(seen), keptTrigrams)]
	slices.Sort(seen)
	var out bytes.Buffer
	for _, v := range seen {
		log := 8 * math.Log2(float64(counts[v])/float64(total)*(1<<31))
		_ = binary.Write(&out, binary.LittleEndian, v|uint32(math.Round(max(log, 0)))<<24)
	}
	if err := os.WriteFile("trigrams.bin", out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestTheTrigramsAreThoseOfText holds for the toolchain at hand, whichever the table was made of.
func TestTheTrigramsAreThoseOfText(t *testing.T) {
	t.Parallel()
	if *countAgain {
		writeTrigrams(t)
		return
	}
	counts, total := countTrigrams(t, 10)
	if len(textTrigrams) != 4*keptTrigrams {
		t.Fatalf("%d bytes", len(textTrigrams))
	}
	covered, expected := 0, 0.0
	for i := 0; i < len(textTrigrams); i += 4 {
		v := binary.LittleEndian.Uint32([]byte(textTrigrams[i : i+4]))
		covered += int(counts[v&0xFFFFFF])
		expected += float64(shareOf(byte(v>>24))) / (1 << 31)
	}
	if share := float64(covered) / float64(total); share < 0.75 || math.Abs(share-expected) > 0.1 {
		t.Errorf("the windows in the table make %.3f of the text, the table says %.3f", share, expected)
	}
}
