package secret_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/keywright/keywright/internal/secret"
)

const plain = "open sesame 4711"

func TestNoWayOfPrintingShowsTheText(t *testing.T) {
	t.Parallel()
	text := secret.New(plain)
	hidden := struct {
		inner secret.Text
		Outer secret.Text
	}{text, text}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p", "%T %v"} {
		fmt.Fprintf(&out, verb+"\n", text)
		fmt.Fprintf(&out, verb+"\n", &text)
		fmt.Fprintf(&out, verb+"\n", hidden)
		fmt.Fprintf(&out, verb+"\n", []secret.Text{text})
	}
	fmt.Fprintln(&out, errors.Join(fmt.Errorf("wrapped: %v", text)))
	slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "t", text, "h", hidden)
	slog.New(slog.NewTextHandler(&out, nil)).Info("m", "t", text, "h", hidden)
	if err := json.NewEncoder(&out).Encode(map[string]any{"t": text, "h": hidden}); err != nil {
		t.Fatal(err)
	}
	if err := xml.NewEncoder(&out).Encode(text); err != nil {
		t.Fatal(err)
	}
	for _, leak := range []string{plain, fmt.Sprintf("%x", plain), fmt.Sprintf("%X", plain)} {
		if strings.Contains(out.String(), leak) {
			t.Errorf("printed the secret as %q", leak)
		}
	}
	if !strings.Contains(out.String(), secret.Redacted) {
		t.Error("the redaction mark is not shown anywhere: the test prints nothing")
	}
	if err := gob.NewEncoder(&out).Encode(text); err == nil {
		t.Error("gob encoded a secret")
	}
}

func TestZeroValueIsTheEmptySecret(t *testing.T) {
	t.Parallel()
	var zero secret.Text
	if zero.Reveal() != "" || zero.Len() != 0 || !zero.Equal(secret.New("")) || zero.Equal(secret.New("x")) {
		t.Error("the zero value is not the empty secret")
	}
	if got := secret.New(plain); got.Reveal() != plain || got.Len() != len(plain) {
		t.Error("Reveal and Len do not give back what New took")
	}
}
