package audit_test

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/keywright/keywright/issuer/audit"
)

func TestEqualEventsGiveEqualBytes(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 24, 7, 0, 0, 123456789, time.FixedZone("", 3600))
	event := audit.Event{Index: 3, At: at, Kind: audit.KeyIssued, Actor: "cli:alice", Subject: "<k>", Detail: map[string]string{"z": "1", "a": "2", "m": "3"}}
	want := `{"index":3,"at":"2026-11-24T06:00:00.123456Z","kind":"key.issued","actor":"cli:alice","subject":"\u003ck\u003e","detail":{"a":"2","m":"3","z":"1"}}`
	for range 20 {
		leaf, err := audit.Encode(event)
		if err != nil || string(leaf) != want {
			t.Fatalf("Encode = %s, %v", leaf, err)
		}
		decoded, err := audit.Decode(leaf)
		event.At = at.UTC().Truncate(time.Microsecond)
		if err != nil || !reflect.DeepEqual(decoded, event) {
			t.Fatalf("Decode = %+v, %v", decoded, err)
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	t.Parallel()
	if _, err := audit.Encode(audit.Event{Index: -1}); err == nil {
		t.Error("a negative index was encoded")
	}
	big := audit.Event{Kind: audit.KeyIssued, Detail: map[string]string{"x": strings.Repeat("x", audit.MaxLeafBytes)}}
	if _, err := audit.Encode(big); !errors.Is(err, audit.ErrTooLarge) {
		t.Errorf("a large event: %v", err)
	}
	if _, err := audit.Decode(make([]byte, audit.MaxLeafBytes+1)); !errors.Is(err, audit.ErrTooLarge) {
		t.Errorf("large bytes: %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"index":1,"at":"2026-11-24T06:00:00Z","kind":"key.issued","actor":"a","subject":"b","detail":{"a":"b"}}`))
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"kind":"k","detail":{"\ud800":"x"}}`))
	f.Fuzz(func(t *testing.T, leaf []byte) {
		event, err := audit.Decode(leaf)
		if err != nil {
			return
		}
		first, err := audit.Encode(event)
		if err != nil {
			return // a negative index, a year after 9999
		}
		again, err := audit.Decode(first)
		if err != nil {
			t.Fatalf("what Encode made does not decode: %v", err)
		}
		second, err := audit.Encode(again)
		if err != nil || !bytes.Equal(first, second) {
			t.Fatalf("no round trip: %v", err)
		}
	})
}
