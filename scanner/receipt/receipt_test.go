package receipt_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/keywright/keywright/scanner"
	"github.com/keywright/keywright/scanner/receipt"
)

type silent struct{ done scanner.Summary }

func (*silent) Started(scanner.Start) error      { return nil }
func (*silent) Finding(scanner.Finding) error    { return nil }
func (*silent) Skipped(scanner.Skip) error       { return nil }
func (s *silent) Done(sum scanner.Summary) error { s.done = sum; return nil }

func keys(t *testing.T) (note.Signer, note.Verifiers) {
	t.Helper()
	private, public, err := note.GenerateKey(rand.Reader, "test")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(public)
	if err != nil {
		t.Fatal(err)
	}
	return signer, note.VerifierList(verifier)
}

func recorded(t *testing.T) receipt.Receipt {
	t.Helper()
	sink := &silent{}
	r := receipt.NewRecorder(sink, "keywright test", receipt.Facts{
		Source: "a \"strange\"\nname", Mode: "history", Decoders: []string{"hex"},
		Refs: []receipt.Ref{{Name: "HEAD", Tip: "11"}, {Name: "refs/heads/main", Tip: "11"}},
	})
	if err := r.Skipped(scanner.Skip{Reason: scanner.SkipTooLarge, Object: "22", Detail: "too large"}); err != nil {
		t.Fatal(err)
	}
	sum := scanner.Summary{Counts: scanner.Counts{Commits: 1, Blobs: 2, Bytes: 3}, Findings: 4}
	if err := r.Done(sum); err != nil || sink.done.Findings != 4 {
		t.Fatalf("the sink behind it got %+v, %v", sink.done, err)
	}
	r.Receipt.MadeAt = time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	return r.Receipt
}

func TestAReceiptComesBackAsItWasSigned(t *testing.T) {
	t.Parallel()
	signer, known := keys(t)
	want := recorded(t)
	data, err := receipt.Marshal(want, signer)
	if err != nil {
		t.Fatal(err)
	}
	got, err := receipt.Open(data, known)
	if err != nil || !receipt.Signed(data) {
		t.Fatalf("open: %v", err)
	}
	if got.Complete || got.SkipsTotal != 1 || got.Skips[0].Object != "22" || got.Blobs != 2 || got.Source != want.Source || !slices.Equal(got.Refs, want.Refs) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestNoChangedByteKeepsTheSignature(t *testing.T) {
	t.Parallel()
	signer, known := keys(t)
	data, err := receipt.Marshal(recorded(t), signer)
	if err != nil {
		t.Fatal(err)
	}
	for i := range data[:bytes.IndexByte(data, '\n')] {
		changed := bytes.Clone(data)
		changed[i] ^= 1
		if _, err := receipt.Open(changed, known); err == nil {
			t.Fatalf("byte %d was changed and the receipt still opens", i)
		}
	}
}

func TestAReceiptIsRefused(t *testing.T) {
	t.Parallel()
	signer, known := keys(t)
	unsigned, err := receipt.Marshal(recorded(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := receipt.Marshal(recorded(t), signer)
	if err != nil {
		t.Fatal(err)
	}
	_, others := keys(t)
	for name, c := range map[string]struct {
		data []byte
		keys note.Verifiers
		want error
	}{
		"without a signature":     {unsigned, known, receipt.ErrUnsigned},
		"signed by somebody else": {signed, others, receipt.ErrUnsigned},
		"of another form":         {[]byte(`{"receipt":"keywright.receipt/9"}`), nil, nil},
		"with unknown fields":     {[]byte(strings.Replace(string(unsigned), "{", `{"void":true,`, 1)), nil, nil},
		"that is no JSON":         {[]byte("hello\n"), nil, nil},
		"that is empty":           {nil, nil, nil},
		"that is too large":       {make([]byte, receipt.MaxBytes+1), nil, nil},
	} {
		if _, err := receipt.Open(c.data, c.keys); err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("a receipt %s: %v", name, err)
		}
	}
	if _, err := receipt.Open(unsigned, nil); err != nil || receipt.Signed(unsigned) {
		t.Errorf("without a key an unsigned receipt can be read: %v", err)
	}
}

func TestSinceNamesEveryRefThatMoved(t *testing.T) {
	t.Parallel()
	then := receipt.Receipt{Facts: receipt.Facts{Refs: []receipt.Ref{{"a", "1"}, {"b", "2"}, {"d", "4"}}}}
	got := then.Since([]receipt.Ref{{"b", "3"}, {"c", "5"}, {"d", "4"}, {"e", "6"}})
	want := []receipt.Moved{{Name: "a", Then: "1"}, {Name: "b", Then: "2", Now: "3"}, {Name: "c", Now: "5"}, {Name: "e", Now: "6"}}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if moved := then.Since(then.Refs); len(moved) != 0 {
		t.Errorf("nothing moved, but %+v", moved)
	}
}

func FuzzOpen(f *testing.F) {
	data, err := receipt.Marshal(receipt.NewRecorder(&silent{}, "p", receipt.Facts{}).Receipt, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte("{}\n\n— name c2ln\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := receipt.Open(data, nil)
		if err == nil && r.Form != receipt.Form {
			t.Errorf("opened as %q", r.Form)
		}
	})
}
