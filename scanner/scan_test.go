package scanner_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keywright/keywright/patterns"
	"github.com/keywright/keywright/scanner"
	"github.com/keywright/keywright/scanner/decode"
)

// own is the pattern of the keys that Keywright issues.
func own() *patterns.Pattern {
	return &patterns.Pattern{
		ID: patterns.OwnID, Vendor: "keywright", Name: "Key issued by Keywright", RandomBits: 178.6,
		Format: &patterns.Format{
			FreePrefix: true, Boundary: true,
			Parts:    []patterns.Part{{Alphabet: "base62", Min: 42, Max: 42}, {Literal: "Kw1"}},
			Checksum: &patterns.Checksum{Name: "crc32-base62", Over: "all", Length: 6},
		},
	}
}

// vendor is a format with a checksum over its body, shaped as GitHub's are.
func vendor() *patterns.Pattern {
	return &patterns.Pattern{
		ID: "acme.pat", Vendor: "acme", Name: "Acme token",
		Format: &patterns.Format{
			Prefix: "acmep_", Boundary: true,
			Parts:    []patterns.Part{{Alphabet: "base62", Min: 30, Max: 30}},
			Checksum: &patterns.Checksum{Name: "crc32-base62", Over: "body", Length: 6},
		},
	}
}

// plain is a format without a checksum.
func plain() *patterns.Pattern {
	return &patterns.Pattern{
		ID: "plain.key", Vendor: "plain", Name: "Plain key",
		Format: &patterns.Format{
			Prefixes: []string{"plk_live_", "plk_test_"}, Boundary: true,
			Parts: []patterns.Part{{Alphabet: "base62", Min: 20, Max: 40}},
		},
	}
}

// bot is anchored by a literal in its middle.
func bot() *patterns.Pattern {
	return &patterns.Pattern{
		ID: "bot.token", Vendor: "bot", Name: "Bot token",
		Format: &patterns.Format{Boundary: true, Parts: []patterns.Part{
			{Alphabet: "digits", Min: 8, Max: 10}, {Literal: ":BOT"}, {Alphabet: "base64url", Min: 32, Max: 32},
		}},
	}
}

// keyed needs a keyword before it.
func keyed() *patterns.Pattern {
	return &patterns.Pattern{
		ID: "keyed.hex", Vendor: "keyed", Name: "Keyed secret", Keywords: []string{"Keyedcorp"},
		Regex: &patterns.Regex{
			Expr: `secret[ =:"]{1,4}(?P<s>[0-9a-f]{32})\b`, Literals: []string{"secret"}, FoldCase: true, Secret: "s", MaxBytes: 64,
		},
	}
}

// password is a generic pattern.
func password() *patterns.Pattern {
	return &patterns.Pattern{
		ID: "generic.password", Vendor: "generic", Name: "Password", Generic: true,
		Regex: &patterns.Regex{
			Expr: `password["' ]{0,2}[=:]["' ]{0,2}(?P<s>[^"'\s]{8,64})`, Literals: []string{"password"}, FoldCase: true, Secret: "s", MaxBytes: 96,
		},
	}
}

func mint(t testing.TB, p *patterns.Pattern, seed string) string {
	t.Helper()
	s, err := patterns.Mint(p, seed)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func set(t testing.TB, all ...*patterns.Pattern) *patterns.Set {
	t.Helper()
	s, err := patterns.NewSet("test", all...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func newScanner(t testing.TB, options scanner.Options, all ...*patterns.Pattern) *scanner.Scanner {
	t.Helper()
	if len(all) == 0 {
		all = []*patterns.Pattern{own(), vendor(), plain(), bot(), keyed(), password()}
	}
	s, err := scanner.New(set(t, all...), options)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func scanText(t testing.TB, s *scanner.Scanner, text string) []scanner.Finding {
	t.Helper()
	findings, skips := s.ScanBytes(context.Background(), scanner.Blob{Data: []byte(text), Location: scanner.Location{Path: "f"}})
	if len(skips) > 0 {
		t.Fatalf("skips: %v", skips)
	}
	return findings
}

func utf16le(text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		b.WriteByte(c)
		b.WriteByte(0)
	}
	return b.String()
}

func utf16be(text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		b.WriteByte(0)
		b.WriteByte(c)
	}
	return b.String()
}

func wrap(text, newline string, width int) string {
	var lines []string
	for len(text) > width {
		lines = append(lines, text[:width])
		text = text[width:]
	}
	return strings.Join(append(lines, text), newline)
}

// TestAKeyIsFoundWhereverItHides is the list of places of a key of ours.
func TestAKeyIsFoundWhereverItHides(t *testing.T) {
	t.Parallel()
	key := mint(t, own(), "hides")
	b64 := base64.StdEncoding.EncodeToString
	for _, test := range []struct {
		name, text string
		decoded    []string
	}{
		{"alone", key, nil},
		{"in quotes", `key = "` + key + `"`, nil},
		{"in JSON", `{"a":1,"key":"` + key + `","b":2}`, nil},
		{"in YAML", "api:\n  key: " + key + "\n", nil},
		{"in a URL's query", "https://api.example.com/v1?key=" + key + "&x=1", nil},
		{"as a URL's password", "https://user:" + key + "@example.com/", nil},
		{"in a CRLF file", "a=1\r\nkey=" + key + "\r\nb=2\r\n", nil},
		{"behind an escape of a string", `"first\n` + key + `\nlast"`, nil},
		{"behind other identifier characters", "my_" + key, nil},
		{"behind an upper-case identifier", "MY_" + key, nil},
		{"behind a long identifier", strings.Repeat("very_long_", 30) + key, nil},
		{"in front of an underscore", key + "_old", nil},
		{"between other strings of a database or a compiled file", "bob" + key + "active", nil},
		{"in UTF-16 little endian", "\xff\xfe" + utf16le("key="+key+"\r\n"), []string{"utf16"}},
		{"in UTF-16 big endian", "\xfe\xff" + utf16be("key="+key+"\r\n"), []string{"utf16"}},
		{"in base64 alone", b64([]byte(key)), []string{"base64"}},
		{"in base64 with a newline", b64([]byte(key + "\n")), []string{"base64"}},
		{"in base64 of the URL alphabet without padding", base64.RawURLEncoding.EncodeToString([]byte("?>" + key)), []string{"base64"}},
		{"in base64 at the first alignment", b64([]byte("abc" + key + " more text")), []string{"base64"}},
		{"in base64 at the second alignment", b64([]byte("abcd" + key + "_more text")), []string{"base64"}},
		{"in base64 at the third alignment", b64([]byte("abcde" + key + " more text")), []string{"base64"}},
		{"in base64 of binary data", b64([]byte("\x00\x01\x02\xff\xfe" + key + "\x00\x99\x98\x97")), []string{"base64"}},
		{"in base64 behind a path of its characters", "path/to/x/" + b64([]byte("k="+key)), []string{"base64"}},
		{"in base64 wrapped at 76", wrap(b64([]byte("some configuration before it, key="+key+"\n")), "\n", 76), []string{"base64"}},
		{"in base64 wrapped at 64 with CRLF", wrap(b64([]byte("some configuration before it, key="+key+"\n")), "\r\n", 64), []string{"base64"}},
		{"in base64 wrapped and indented", "data:\n  " + wrap(b64([]byte("some configuration before it, key="+key+"\n")), "\n  ", 64), []string{"base64"}},
		{"in base64 wrapped inside a JSON string", `"` + wrap(b64([]byte("some configuration before it, key="+key+"\n")), `\n`, 64) + `"`, []string{"base64"}},
		{"in a Kubernetes secret", "apiVersion: v1\nkind: Secret\ndata:\n  api-key: " + b64([]byte(key)) + "\n", []string{"base64"}},
		{"in base64 twice", b64([]byte("x: " + b64([]byte("key="+key)))), []string{"base64", "base64"}},
		{"in hex", hex.EncodeToString([]byte("key=" + key)), []string{"hex"}},
		{"in upper-case hex", strings.ToUpper(hex.EncodeToString([]byte("key=" + key))), []string{"hex"}},
		{"in percent-encoding", "https://example.com/?k=" + strings.ReplaceAll(url.QueryEscape(key), "_", "%5F"), []string{"percent"}},
		{"in an HTTP basic header", "Authorization: Basic " + b64([]byte("key:"+key)), []string{"base64"}},
		{"in base64 in UTF-16", "\xff\xfe" + utf16le("k: "+b64([]byte(key))), []string{"utf16", "base64"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newScanner(t, scanner.Options{NoFingerprints: true})
			findings := scanText(t, s, test.text)
			if len(findings) != 1 {
				t.Fatalf("%d findings, want 1", len(findings))
			}
			f := findings[0]
			if f.Pattern != patterns.OwnID || !f.Secret.Equal(secretOf(key)) {
				t.Errorf("found %s %s, not the key", f.Pattern, f.Redacted)
			}
			if !slices.Equal(f.Decoded, test.decoded) {
				t.Errorf("decoded by %v, want %v", f.Decoded, test.decoded)
			}
			if f.Family != "acme_mint" || f.KeyID != key[10:22] {
				t.Errorf("family %q, id %q", f.Family, f.KeyID)
			}
			if strings.Contains(f.Redacted, key[22:]) || f.Redacted != "acme_mint_"+f.KeyID+"…(redacted)" {
				t.Errorf("redacted as %q", f.Redacted)
			}
		})
	}
}

func TestWhatIsNoKeyIsNotReported(t *testing.T) {
	t.Parallel()
	key, token := mint(t, own(), "none"), mint(t, vendor(), "none")
	long := mint(t, plain(), "none")
	for _, test := range []struct{ name, text string }{
		{"a wrong checksum", key[:len(key)-1] + flip(key[len(key)-1])},
		{"a key that was cut", key[:len(key)-1]},
		{"a key whose prefix was changed", "x" + key[1:]},
		{"a vendor's token with a wrong checksum", token[:len(token)-1] + flip(token[len(token)-1])},
		{"a token without a checksum that runs on", long + strings.Repeat("0", 40)},
		{"a token without a checksum inside a longer word", "x" + long},
		{"a run that is too long", "plk_live_" + strings.Repeat("aB3dE", 9)},
		{"one character over and over", "plk_live_" + strings.Repeat("x", 24)},
		{"a placeholder's word", "plk_live_" + "aB3EXAMPLEkey4567890Zz"},
		{"the alphabet", "plk_live_" + "abcdefghijklmnopqrstuvwxyz"},
		{"digits in order", "plk_live_" + "12345678901234567890123"},
		{"a keyword that stands too far away", "keyedcorp" + strings.Repeat(" ", 200) + "secret=" + hexOf(long)},
		{"a password that is a variable", `password = "${DB_PASSWORD}"`},
		{"a password that is a template", `password: "{{ vault.password }}"`},
		{"a password for the reader to fill in", `password=<YOUR_PASSWORD>`},
		{"a word in a password's place", `password: password`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newScanner(t, scanner.Options{NoFingerprints: true})
			if findings := scanText(t, s, test.text); len(findings) != 0 {
				t.Errorf("%s was reported, decoded by %v", findings[0].Pattern, findings[0].Decoded)
			}
		})
	}
}

func TestEachKindOfPatternFindsItsSecret(t *testing.T) {
	t.Parallel()
	token, long := mint(t, vendor(), "kind"), mint(t, plain(), "kind")
	botToken := mint(t, bot(), "kind")
	for _, test := range []struct {
		name, text, secret, redacted string
		pattern                      patterns.ID
	}{
		{"a prefix and a checksum over the body", "t=" + token, token, "acmep_…(redacted)", "acme.pat"},
		{"a checksum in a longer run", "bob" + token + "active", token, "acmep_…(redacted)", "acme.pat"},
		{"behind a percent escape", "t%3D" + token, token, "acmep_…(redacted)", "acme.pat"},
		{"behind a terminal's colour", "\x1b[31m" + token, token, "acmep_…(redacted)", "acme.pat"},
		{"one of several prefixes", "t=" + long, long, long[:9] + "…(redacted)", "plain.key"},
		{"an anchor in the middle", "id 1, " + botToken + "/send", botToken, "(redacted)", "bot.token"},
		{"a keyword on the line before", "# for KEYEDCORP\nSecret: " + hexOf(long), hexOf(long), "(redacted)", "keyed.hex"},
		{"a generic pattern", `password = "correct-horse-9"`, "correct-horse-9", "(redacted)", "generic.password"},
		{"a keyword outside of the encoding", "keyedcorp: " + base64.StdEncoding.EncodeToString([]byte("secret="+hexOf(long)+"\n")), hexOf(long), "(redacted)", "keyed.hex"},
		{"the specific pattern where a generic one claims too", "password=" + long, long, long[:9] + "…(redacted)", "plain.key"},
		{"the specific pattern inside the encoding that a generic one claims", "password=" + base64.RawStdEncoding.EncodeToString([]byte(long)), long, long[:9] + "…(redacted)", "plain.key"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newScanner(t, scanner.Options{NoFingerprints: true})
			findings := scanText(t, s, test.text)
			if len(findings) != 1 {
				t.Fatalf("%d findings, want 1", len(findings))
			}
			f := findings[0]
			if f.Pattern != test.pattern || !f.Secret.Equal(secretOf(test.secret)) || f.Redacted != test.redacted {
				t.Errorf("found %s, shown as %q", f.Pattern, f.Redacted)
			}
		})
	}
}

func TestPositionsCountBytesFromOne(t *testing.T) {
	t.Parallel()
	key := mint(t, own(), "position")
	s := newScanner(t, scanner.Options{NoFingerprints: true})
	text := "first\nzweite – Zeile: " + key + "\r\nlast " + key
	f := scanText(t, s, text)[0]
	at := int64(strings.Index(text, key))
	want := scanner.Span{Start: at, End: at + int64(len(key)), Line: 2, Column: 19, EndLine: 2, EndColumn: 19 + len(key)}
	if f.Location.Span != want {
		t.Errorf("span %+v, want %+v", f.Location.Span, want)
	}
	if f.Total != 2 || len(f.Locations) != 1 || f.Locations[0].Span.Line != 3 || f.Locations[0].Span.Column != 6 {
		t.Errorf("%d places, others %+v", f.Total, f.Locations)
	}
}

func TestTheSpanOfADecodedSecretIsThatOfItsEncoding(t *testing.T) {
	t.Parallel()
	key := mint(t, own(), "span")
	s := newScanner(t, scanner.Options{NoFingerprints: true})
	encoded := base64.StdEncoding.EncodeToString([]byte(key)) // 61 bytes: 82 characters and the padding
	text := "a: 1\ndata: " + encoded + "\n"
	span := scanText(t, s, text)[0].Location.Span
	if got := text[span.Start:span.End]; got != strings.TrimRight(encoded, "=") {
		t.Errorf("span covers %d bytes, want the %d of the encoding", len(got), len(encoded))
	}
	if span.Line != 2 || span.Column != 7 {
		t.Errorf("line %d, column %d", span.Line, span.Column)
	}
}

func TestAnInlineCommentAccepts(t *testing.T) {
	t.Parallel()
	key := mint(t, own(), "inline")
	s := newScanner(t, scanner.Options{NoFingerprints: true})
	for _, test := range []struct{ name, text, ignored string }{
		{"with its reason", "k=" + key + " # keywright:allow revoked in 2024\n", "inline comment: revoked in 2024"},
		{"in a block comment", "k=" + key + " /* keywright:allow a sample */", "inline comment: a sample"},
		{"before the key, where no reason is taken", "/* keywright:allow */ k=" + key, "inline comment: no reason given"},
		{"not from another line", "# keywright:allow x\nk=" + key + "\n# keywright:allow x\n", ""},
		{"not for a second place without one", "k=" + key + " # keywright:allow x\nk=" + key, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if f := scanText(t, s, test.text)[0]; f.Ignored != test.ignored {
				t.Errorf("ignored %q, want %q", f.Ignored, test.ignored)
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		set  *patterns.Set
		want error
	}{
		{"no set", nil, scanner.ErrNoPatterns},
		{"an empty set", set(t), scanner.ErrNoPatterns},
		{"a format without a literal", set(t, &patterns.Pattern{ID: "a.b", Format: &patterns.Format{Parts: []patterns.Part{{Alphabet: "hex", Min: 32, Max: 32}}}}), nil},
		{"an expression that does not compile", set(t, &patterns.Pattern{ID: "a.b", Regex: &patterns.Regex{Expr: "abc(", Literals: []string{"abc"}}}), nil},
		{"neither format nor regex", set(t, &patterns.Pattern{ID: "a.b"}), nil},
		{"an unknown checksum", set(t, &patterns.Pattern{ID: "a.b", Format: &patterns.Format{Prefix: "abc_", Checksum: &patterns.Checksum{Name: "md9", Over: "all", Length: 3}}}), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := scanner.New(test.set, scanner.Options{})
			if err == nil || test.want != nil && !errors.Is(err, test.want) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// list is a source of blobs, errors and places.
type list struct {
	blobs  []scanner.Blob
	errs   map[int]error // given instead of the blob of that number
	places map[scanner.BlobID][]scanner.Location
	locErr error
	asked  []scanner.BlobID
	refs   map[string][]string
	refErr error
}

func (l *list) RefsOf(_ context.Context, _ []string) (map[string][]string, error) {
	return l.refs, l.refErr
}

func (l *list) Blobs(ctx context.Context) iter.Seq2[scanner.Blob, error] {
	return func(yield func(scanner.Blob, error) bool) {
		for i, b := range l.blobs {
			if ctx.Err() != nil {
				yield(scanner.Blob{}, ctx.Err())
				return
			}
			if !yield(b, l.errs[i]) {
				return
			}
		}
	}
}

func (l *list) Locate(_ context.Context, ids []scanner.BlobID) (map[scanner.BlobID][]scanner.Location, error) {
	l.asked = ids
	return l.places, l.locErr
}

// record is a sink that remembers.
type record struct {
	started  scanner.Start
	findings []scanner.Finding
	skips    []scanner.Skip
	done     *scanner.Summary
	fail     error
}

func (r *record) Started(s scanner.Start) error   { r.started = s; return nil }
func (r *record) Finding(f scanner.Finding) error { r.findings = append(r.findings, f); return r.fail }
func (r *record) Skipped(s scanner.Skip) error    { r.skips = append(r.skips, s); return r.fail }
func (r *record) Done(s scanner.Summary) error    { r.done = &s; return nil }
func day(n int) time.Time                         { return time.Date(2026, 11, n, 0, 0, 0, 0, time.UTC) }
func blob(id, path, text string) scanner.Blob {
	return scanner.Blob{ID: scanner.BlobID(id), Data: []byte(text), Location: scanner.Location{Path: path}}
}

func scan(t *testing.T, s *scanner.Scanner, source scanner.Source) (*record, scanner.Summary) {
	t.Helper()
	r := &record{}
	summary, err := s.Scan(context.Background(), source, r)
	if err != nil {
		t.Fatal(err)
	}
	return r, summary
}

func TestOneSecretIsOneFindingAtAllItsPlaces(t *testing.T) {
	t.Parallel()
	key := mint(t, own(), "places")
	s := newScanner(t, scanner.Options{})
	source := &list{
		blobs: []scanner.Blob{
			blob("aa", "", "k="+key), blob("bb", "", "\n\nk="+key), blob("", "z.txt", key), blob("aa", "index.txt", "k="+key), blob("cc", "", "nothing"),
		},
		places: map[scanner.BlobID][]scanner.Location{
			"aa": {{Path: "b.txt", Commit: "c2", Date: day(5)}, {Path: "b.txt", Commit: "c3", Date: day(7)}},
			"bb": {{Path: "a.txt", Commit: "c1", Date: day(6)}},
		},
	}
	r, summary := scan(t, s, source)
	if len(r.findings) != 1 || summary.Findings != 1 || !summary.Complete {
		t.Fatalf("%d findings, summary %+v", len(r.findings), summary)
	}
	if !slices.Equal(source.asked, []scanner.BlobID{"aa", "bb"}) {
		t.Errorf("asked for the places of %v", source.asked)
	}
	f := r.findings[0]
	got := []string{}
	for _, l := range append([]scanner.Location{f.Location}, f.Locations...) {
		got = append(got, fmt.Sprintf("%s@%s:%d", l.Path, l.Commit, l.Span.Line))
	}
	want := []string{"b.txt@c2:1", "a.txt@c1:3", "b.txt@c3:1", "index.txt@:1", "z.txt@:1"}
	if !slices.Equal(got, want) || f.Total != 5 {
		t.Errorf("places %v of %d, want %v", got, f.Total, want)
	}
	if summary.Blobs != 4 {
		t.Errorf("%d blobs, want 4: a blob id is scanned once", summary.Blobs)
	}
}

func TestFindingsComeInTheSameOrderWhateverTheWorkers(t *testing.T) {
	t.Parallel()
	var blobs []scanner.Blob
	for i := range 200 {
		blobs = append(blobs, blob("", fmt.Sprintf("f%03d", (i*37)%200), strings.Repeat("x\n", i%7*1000)+mint(t, own(), fmt.Sprint(i%50))))
	}
	var first []string
	for _, workers := range []int{1, 2, 8} {
		s := newScanner(t, scanner.Options{Workers: workers})
		r, _ := scan(t, s, &list{blobs: blobs})
		var got []string
		for _, f := range r.findings {
			got = append(got, f.Location.Path+" "+f.Fingerprint)
		}
		if !slices.IsSorted(got) || len(got) != 50 {
			t.Errorf("%d findings with %d workers, not sorted by path or not all", len(got), workers)
		}
		if first == nil {
			first = got
		}
		if !slices.Equal(first, got) {
			t.Errorf("another order with %d workers", workers)
		}
	}
}

func TestWhatCouldNotBeScannedIsNeverComplete(t *testing.T) {
	t.Parallel()
	key := mint(t, own(), "skips")
	broken := errors.New("the disk is gone")
	for _, test := range []struct {
		name   string
		source *list
		reason scanner.SkipReason
		err    error
	}{
		{"a skip of the source", &list{blobs: []scanner.Blob{blob("", "a", ""), blob("", "b", key)}, errs: map[int]error{0: &scanner.Skip{Reason: scanner.SkipMissingObject, Object: "dead"}}}, scanner.SkipMissingObject, nil},
		{"an error of the source", &list{blobs: []scanner.Blob{blob("", "b", key), blob("", "a", "")}, errs: map[int]error{1: broken}}, scanner.SkipSourceFailed, broken},
		{"an error of the locator", &list{blobs: []scanner.Blob{blob("aa", "b", key)}, locErr: broken}, scanner.SkipAttribution, nil},
		{"a skip of the locator", &list{blobs: []scanner.Blob{blob("aa", "b", key)}, locErr: errors.Join(&scanner.Skip{Reason: scanner.SkipShallow})}, scanner.SkipShallow, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newScanner(t, scanner.Options{})
			r := &record{}
			summary, err := s.Scan(context.Background(), test.source, r)
			if !errors.Is(err, test.err) {
				t.Errorf("error %v, want %v", err, test.err)
			}
			if len(r.findings) != 1 {
				t.Errorf("%d findings, want the one that could be found", len(r.findings))
			}
			if len(r.skips) != 1 || r.skips[0].Reason != test.reason {
				t.Errorf("skips %v, want %s", r.skips, test.reason)
			}
			if r.done == nil || r.done.Complete || summary.Complete || summary.Skips != 1 {
				t.Errorf("summary %+v", summary)
			}
		})
	}
}

func TestACancelledScanIsNotComplete(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s := newScanner(t, scanner.Options{})
	r := &record{}
	summary, err := s.Scan(ctx, &list{blobs: []scanner.Blob{blob("", "a", "x")}}, r)
	if !errors.Is(err, context.Canceled) || summary.Complete || len(r.skips) != 1 || r.skips[0].Reason != scanner.SkipDeadline {
		t.Errorf("error %v, summary %+v, skips %v", err, summary, r.skips)
	}
}

func TestAnErrorOfTheSinkEndsTheScan(t *testing.T) {
	t.Parallel()
	s := newScanner(t, scanner.Options{})
	full := errors.New("no space left")
	_, err := s.Scan(context.Background(), &list{blobs: []scanner.Blob{blob("", "a", mint(t, own(), "sink"))}}, &record{fail: full})
	if !errors.Is(err, full) {
		t.Errorf("error %v", err)
	}
}

func TestLimitsThatAreHitAreReported(t *testing.T) {
	t.Parallel()
	var many strings.Builder
	for i := range 20 {
		fmt.Fprintln(&many, mint(t, own(), fmt.Sprint("many", i)))
	}
	for _, test := range []struct {
		name     string
		limits   scanner.Limits
		findings int
	}{
		{"matches in one blob", scanner.Limits{MaxMatchesPerBlob: 10}, 10},
		{"distinct secrets", scanner.Limits{MaxFindings: 5}, 5},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newScanner(t, scanner.Options{Limits: test.limits})
			r, summary := scan(t, s, &list{blobs: []scanner.Blob{blob("", "a", many.String())}})
			if len(r.findings) != test.findings || len(r.skips) != 1 || r.skips[0].Reason != scanner.SkipTooManyMatches || summary.Complete {
				t.Errorf("%d findings, skips %v", len(r.findings), r.skips)
			}
		})
	}
}

func TestPlacesOverTheLimitAreCounted(t *testing.T) {
	t.Parallel()
	key := mint(t, own(), "over")
	s := newScanner(t, scanner.Options{Limits: scanner.Limits{MaxLocations: 3}})
	f := scanText(t, s, strings.Repeat(key+"\n", 100))[0]
	if 1+len(f.Locations) != 3 || f.Total != 100 {
		t.Errorf("%d places of %d", 1+len(f.Locations), f.Total)
	}
}

func TestADecodedBombIsCutAndReported(t *testing.T) {
	t.Parallel()
	s := newScanner(t, scanner.Options{Limits: scanner.Limits{Decode: decode.Limits{MaxBytes: 1 << 20}}})
	findings, skips := s.ScanBytes(context.Background(), scanner.Blob{ID: "aa", Data: gzipped(t, 2<<20), Location: scanner.Location{Path: "bomb.gz"}})
	if len(findings) != 0 || len(skips) != 1 || skips[0].Reason != scanner.SkipDecodeBudget || skips[0].Path != "bomb.gz" {
		t.Errorf("%d findings, skips %v", len(findings), skips)
	}
}

// accept is an Ignorer of one fingerprint.
type accept string

func (a accept) Ignored(f scanner.Finding) (string, bool) {
	return "baseline", f.Fingerprint == string(a)
}

func TestAnIgnoredFindingIsGivenWithItsRuleAndNotCounted(t *testing.T) {
	t.Parallel()
	key := mint(t, own(), "ignored")
	source := &list{blobs: []scanner.Blob{blob("", "a", key)}}
	r, _ := scan(t, newScanner(t, scanner.Options{}), source)
	r, summary := scan(t, newScanner(t, scanner.Options{Ignore: accept(r.findings[0].Fingerprint)}), source)
	if len(r.findings) != 1 || r.findings[0].Ignored != "baseline" || summary.Findings != 0 || summary.Ignored != 1 || !summary.Complete {
		t.Errorf("findings %d, summary %+v", len(r.findings), summary)
	}
}

func TestASpecificPatternWinsAcrossBlobs(t *testing.T) {
	t.Parallel()
	long := mint(t, plain(), "across")
	s := newScanner(t, scanner.Options{}, password(), keyed(), plain())
	r, _ := scan(t, s, &list{blobs: []scanner.Blob{blob("", "a", "password="+long), blob("", "b", "x="+long)}})
	if len(r.findings) != 1 || r.findings[0].Pattern != "plain.key" || r.findings[0].Total != 2 {
		t.Errorf("%d findings", len(r.findings))
	}
}

func TestJoin(t *testing.T) {
	t.Parallel()
	key := mint(t, own(), "join")
	history := &list{blobs: []scanner.Blob{blob("aa", "", key)}, places: map[scanner.BlobID][]scanner.Location{"aa": {{Path: "h", Commit: "c1", Date: day(1)}}}}
	tree := &list{blobs: []scanner.Blob{blob("", "w", key)}}
	r, summary := scan(t, newScanner(t, scanner.Options{}), scanner.Join(history, tree))
	if len(r.findings) != 1 || r.findings[0].Location.Path != "h" || r.findings[0].Locations[0].Path != "w" {
		t.Errorf("findings %+v", r.findings)
	}
	if summary.Blobs != 2 || summary.Bytes != int64(2*len(key)) {
		t.Errorf("counts %+v", summary.Counts)
	}
}

func TestAScanOfNothingSaysSo(t *testing.T) {
	t.Parallel()
	_, summary := scan(t, newScanner(t, scanner.Options{}), &list{})
	if len(summary.Notes) != 1 || !summary.Complete || summary.Patterns != 6 || summary.Catalogue != "test" {
		t.Errorf("summary %+v", summary)
	}
}
