package receipt

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// MaxBytes caps a receipt that is read; MaxSkips long skips fit.
const MaxBytes = 64 << 20

// ErrUnsigned says that a receipt carries no signature of the key that was asked for.
var ErrUnsigned = errors.New("no valid signature of the public key")

// Marshal writes a receipt as a signed note: the JSON in one line, an empty line, the signature. A nil signer leaves
// the last two out.
func Marshal(r Receipt, signer note.Signer) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(r); err != nil {
		return nil, fmt.Errorf("write the receipt: %w", err)
	}
	if signer == nil {
		return text.Bytes(), nil
	}
	signed, err := note.Sign(&note.Note{Text: text.String()}, signer)
	if err != nil {
		return nil, fmt.Errorf("sign the receipt: %w", err)
	}
	return signed, nil
}

// Signed says whether a receipt carries a signature at all, whosever it is.
func Signed(data []byte) bool {
	_, rest, _ := bytes.Cut(data, []byte("\n"))
	return len(bytes.TrimSpace(rest)) > 0
}

// Open reads a receipt whose signature one of keys made. Without keys no signature is asked for, and the receipt
// proves no more than whoever handed it over.
//
// Errors: ErrUnsigned; or what is wrong with the text.
func Open(data []byte, keys note.Verifiers) (Receipt, error) {
	if len(data) > MaxBytes {
		return Receipt{}, fmt.Errorf("read the receipt: larger than %d bytes", MaxBytes)
	}
	if keys == nil {
		line, _, _ := bytes.Cut(data, []byte("\n"))
		return parse(string(line))
	}
	opened, err := note.Open(data, keys)
	if err != nil {
		if receipt, parseErr := Open(data, nil); parseErr != nil {
			return receipt, parseErr
		}
		return Receipt{}, fmt.Errorf("read the receipt: %w", ErrUnsigned)
	}
	return parse(strings.TrimSuffix(opened.Text, "\n"))
}

func parse(line string) (Receipt, error) {
	var r Receipt
	decoder := json.NewDecoder(strings.NewReader(line))
	decoder.DisallowUnknownFields() // a field that this version does not know may take back what the others say
	if err := decoder.Decode(&r); err != nil {
		return Receipt{}, fmt.Errorf("read the receipt: it is not one of %s", Form)
	}
	if r.Form != Form || decoder.More() {
		return Receipt{}, fmt.Errorf("read the receipt: it is not one of %s", Form)
	}
	return r, nil
}

// Moved is a ref that no longer points to what was scanned.
type Moved struct {
	Name string `json:"name"`
	Then string `json:"then,omitempty"` // empty: the ref is new
	Now  string `json:"now,omitempty"`  // empty: the ref is gone
}

// Since compares the refs of a receipt with those of now; both sorted by name.
func (r *Receipt) Since(now []Ref) []Moved {
	moved := []Moved{}
	i, j := 0, 0
	for i < len(r.Refs) || j < len(now) {
		switch {
		case j == len(now) || i < len(r.Refs) && r.Refs[i].Name < now[j].Name:
			moved = append(moved, Moved{Name: r.Refs[i].Name, Then: r.Refs[i].Tip})
			i++
		case i == len(r.Refs) || now[j].Name < r.Refs[i].Name:
			moved = append(moved, Moved{Name: now[j].Name, Now: now[j].Tip})
			j++
		default:
			if r.Refs[i].Tip != now[j].Tip {
				moved = append(moved, Moved{Name: now[j].Name, Then: r.Refs[i].Tip, Now: now[j].Tip})
			}
			i, j = i+1, j+1
		}
	}
	return moved
}
