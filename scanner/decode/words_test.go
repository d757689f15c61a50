package decode

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestTheBitsOfABlockAreTheBase64ClassOfItsBytes(t *testing.T) {
	t.Parallel()
	for c := range 256 {
		for at := range blockSize {
			for _, around := range []byte{0, 'a', '_', '+', 0x7f, 0xff} {
				var block [blockSize]byte
				for i := range block {
					block[i] = around
				}
				block[at] = byte(c)
				got := wordBits(&block)
				for i, c := range block {
					if want := classes[c]&classBase64 != 0; got>>i&1 == 1 != want {
						t.Fatalf("byte %#x among %#x: bit %d is %b", c, around, i, got>>i&1)
					}
				}
			}
		}
	}
}

// plainWalk is the search without any short cut, the oracle of the real one: every word is looked at, every byte may
// begin an escape.
func plainWalk(data []byte, visit func(*Piece)) {
	var w Walker
	w.start(data, Limits{}, visit)
	for i := wordStart(data, 0); i < len(data); i = wordStart(data, i) {
		i = w.word(data, i, true, nil, 0)
	}
	for f := range forms {
		for i, floor := 0, 0; i < len(data); i++ {
			if data[i] != forms[f].lead {
				continue
			}
			if size, _ := forms[f].escaped(data, i); size == 0 {
				floor = i + 1
				continue
			}
			start, end := tokenAround(data, i, floor)
			if end-start >= MinRun && w.take(forms[f].name, int64(end-start)) {
				w.give(w.unescape(&forms[f], data, Range{start, end}, nil, 0), 0)
			}
			i, floor = end-1, end
		}
	}
	w.end()
}

// collect makes a visitor that writes down what it sees.
func collect(out *[]string) func(*Piece) {
	return func(p *Piece) {
		start, end := p.Span(0, len(p.Data))
		*out = append(*out, fmt.Sprintf("%d %d-%d %s %q", p.Unit(), start, end, p.Decoders, p.Data))
	}
}

// searchesAlike holds Walk against plainWalk.
func searchesAlike(t testing.TB, data []byte) {
	t.Helper()
	if Whole(data) || len(data) < MinRun {
		return
	}
	var got, want []string
	Walk(data, Limits{}, collect(&got))
	plainWalk(data, collect(&want))
	if !slices.Equal(got, want) {
		t.Fatalf("%q:\ngot  %v\nwant %v", data, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

// sketch is a text of words and separators such as the search looks for, and looks past.
func sketch(r *rand.Rand) []byte {
	var data []byte
	for range r.IntN(12) {
		const letters = "aB3z+_-/fE09\x7f.=\x80"
		part := ""
		switch r.IntN(9) {
		case 0, 1:
			for range r.IntN(50) {
				part += string(letters[r.IntN(len(letters))])
			}
		case 2:
			part = strings.Repeat(string(letters[r.IntN(len(letters))]), r.IntN(90))
		case 3:
			part = strings.Repeat([]string{"61 ", "61:", "0x61, ", "6162 ", "61\n", "6162\n"}[r.IntN(6)], r.IntN(30))
		case 4:
			part = strings.Repeat("00000010: "+strings.Repeat("6162 ", 8)+" ab..ab\n", r.IntN(3))
		case 5:
			part = strings.Repeat("61 ", 16) + " |abcd|\n"
		case 6:
			part = strings.Repeat([]string{" ", "\n", "a ", "the quick ", "x(y) "}[r.IntN(5)], r.IntN(40))
		case 7:
			part = []string{"%41", "\\x41", "&#65;", "%", "\\", "&"}[r.IntN(6)]
		default:
			part = []string{" ", "\n", ", ", "\"", "="}[r.IntN(5)]
		}
		data = append(data, part...)
	}
	return data
}

func TestTheSearchFindsWhatALookAtEveryWordFinds(t *testing.T) {
	t.Parallel()
	for seed := range uint64(5000) {
		searchesAlike(t, sketch(rand.New(rand.NewPCG(seed, 7))))
	}
}

// FuzzSearch promises the same for every text.
func FuzzSearch(f *testing.F) {
	for seed := range uint64(30) {
		f.Add(sketch(rand.New(rand.NewPCG(seed, 8))))
	}
	f.Fuzz(func(t *testing.T, data []byte) { searchesAlike(t, data) })
}
