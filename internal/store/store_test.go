package store

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/keywright/keywright/scanner"
)

func FuzzCursorRoundTripsOrIsRefused(f *testing.F) {
	f.Add(cursor{time.UnixMicro(1764000000000000), "abcdefghijkl"}.String())
	f.Add(beforeAll.String())
	f.Add("")
	f.Add("MSBh")
	f.Add("!")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseCursor(text)
		if err != nil {
			if !errors.Is(err, ErrCursor) {
				t.Errorf("err = %v", err)
			}
			return
		}
		if text != "" && c.String() != text {
			t.Errorf("%q was read as %q", text, c)
		}
	})
}

func FuzzPlaceRoundTrips(f *testing.F) {
	f.Add("a/b.env", "Zoë <z@x>", "refs/heads/x", "c0ffee", int64(1764000000000000), int64(9))
	f.Add("\xff\x00", "", "\xfe", "", int64(0), int64(0))
	f.Fuzz(func(t *testing.T, path, author, ref, commit string, date, end int64) {
		at := time.UnixMicro(date).UTC()
		if at.Year() < 1 || at.Year() > 9999 {
			t.Skip("a year that has no text form")
		}
		want := scanner.Location{
			Kind: scanner.KindFile, Path: path, Commit: strings.ToValidUTF8(commit, "\uFFFD"), Author: author, Ref: ref, Date: at,
			Span: scanner.Span{End: end},
		}
		text, err := encodePlace(want)
		if err != nil {
			t.Skip("over the cap")
		}
		got, err := decodePlace(text)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v (%v)", got, want, err)
		}
	})
}

func FuzzStoredPlaceNeverPanics(f *testing.F) {
	f.Add(`{"kind":"file","path":"YQ==","span":{"Start":1}}`)
	f.Add(`{`)
	f.Fuzz(func(t *testing.T, text string) {
		if l, err := decodePlace(text); err != nil && !reflect.DeepEqual(l, scanner.Location{}) {
			t.Errorf("an error and %+v", l)
		}
	})
}

func TestStatementsAreNamedOnceAndAllThere(t *testing.T) {
	t.Parallel()
	var full strings.Builder
	for _, q := range Queries() {
		full.WriteString(queryMark + string(q) + "\n-- what it promises\nSELECT 1\n\n")
	}
	cases := []struct{ name, content, want string }{
		{"complete", full.String(), ""},
		{"one is missing", strings.Replace(full.String(), queryMark+"KeyGet\n", "", 1), "KeyGet is missing"},
		{"one is unknown", full.String() + queryMark + "KeyGets\nSELECT 1", "no caller"},
		{"one is there twice", full.String() + queryMark + "KeyGet\nSELECT 1", "twice"},
		{"one is empty", strings.Replace(full.String(), queryMark+"KeyGet\n-- what it promises\nSELECT 1", queryMark+"KeyGet\n-- nothing", 1), "KeyGet is missing"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			texts, err := LoadTexts(fstest.MapFS{"all.sql": {Data: []byte(c.content)}})
			if c.want == "" {
				if err != nil || texts[KeyGet] != "SELECT 1" {
					t.Errorf("%q, %v", texts[KeyGet], err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("err = %v, want %q", err, c.want)
			}
		})
	}
}

func TestAnIdThatIsAWholeKeyIsNotEchoed(t *testing.T) {
	t.Parallel()
	if got := named("acme_live_0123456789abcdef"); strings.Contains(got, "acme") {
		t.Errorf("named %q", got)
	}
	if got := named("abcdefghijkl"); got != "abcdefghijkl" {
		t.Errorf("named %q", got)
	}
}
