package issuer_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/keywright/keywright/internal/checksum"
	"github.com/keywright/keywright/internal/secret"
	"github.com/keywright/keywright/issuer"
)

// sealed puts a fresh checksum on a changed key.
func sealed(covered string) secret.Text {
	return secret.New(covered + checksum.CRC32Base62(covered, issuer.ChecksumLen))
}

func TestVerifyDecides(t *testing.T) {
	t.Parallel()
	type given struct {
		b    *bench
		text secret.Text
		key  issuer.Key
	}
	covered := func(g given) string { return g.text.Reveal()[:g.text.Len()-issuer.ChecksumLen] }
	set := func(g given, change func(*issuer.Key)) {
		change(&g.key)
		g.b.store.keys[g.key.ID] = g.key
	}
	for _, tc := range []struct {
		name    string
		arrange func(given) secret.Text
		scopes  []issuer.Scope
		want    issuer.Code
		matched bool // the secret matched, so the key may be named
		reads   int  // of the store
	}{
		{"a live key is valid", func(g given) secret.Text { return g.text }, nil, issuer.CodeValid, true, 1},
		{"a live key with the scope is valid", func(g given) secret.Text { return g.text }, []issuer.Scope{"orders:read"}, issuer.CodeValid, true, 1},
		{"a live key in a Bearer with a line end is valid", func(g given) secret.Text { return secret.New("Bearer  " + g.text.Reveal() + "\r\n") }, nil, issuer.CodeValid, true, 1},
		{"a live key in a secret-token URI is valid", func(g given) secret.Text {
			return secret.New("secret-token:" + strings.ReplaceAll(g.text.Reveal(), "_", "%5F"))
		}, nil, issuer.CodeValid, true, 1},
		{"a key whose row was moved to another family", func(g given) secret.Text {
			set(g, func(k *issuer.Key) { k.Family = "other" })
			return g.text
		}, nil, issuer.CodeWrongSecret, false, 1},
		{"a live key needs all scopes", func(g given) secret.Text { return g.text }, []issuer.Scope{"orders:read", "users:read"}, issuer.CodeInsufficientScope, true, 1},
		{"garbage costs no read", func(given) secret.Text { return secret.New("garbage") }, nil, issuer.CodeMalformed, false, 0},
		{"the empty secret is malformed", func(given) secret.Text { return secret.Text{} }, nil, issuer.CodeMalformed, false, 0},
		{"a bad checksum costs no read", func(g given) secret.Text { return secret.New(covered(g) + "000000") }, nil, issuer.CodeBadChecksum, false, 0},
		{"an invented id costs no read", func(g given) secret.Text {
			body := covered(g)
			nine := strings.LastIndexByte(body, '_') + 1
			return sealed(body[:nine] + "inventedX" + body[nine+issuer.NineLen:])
		}, nil, issuer.CodeBadTag, false, 0},
		{"an id that the store does not know", func(g given) secret.Text {
			delete(g.b.store.keys, g.key.ID)
			return g.text
		}, nil, issuer.CodeUnknownID, false, 1},
		{"a known id with another secret", func(g given) secret.Text {
			body := covered(g)
			cut := strings.LastIndexByte(body, '_') + 1 + issuer.IDLen
			return sealed(body[:cut] + strings.Repeat("0", issuer.SecretLen) + issuer.Mark)
		}, nil, issuer.CodeWrongSecret, false, 1},
		{"a row that was filled with another key's digest", func(g given) secret.Text {
			_, other := g.b.issue(t)
			other.Digest, other.ID = g.key.Digest, "000000000000"
			g.b.store.keys[g.key.ID] = other
			return g.text
		}, nil, issuer.CodeWrongSecret, false, 1},
		{"a revoked key", func(g given) secret.Text {
			set(g, func(k *issuer.Key) { k.Status = issuer.StatusRevoked })
			return g.text
		}, nil, issuer.CodeRevoked, true, 1},
		{"revoked comes before expired", func(g given) secret.Text {
			set(g, func(k *issuer.Key) { k.Status, k.ExpiresAt = issuer.StatusRevoked, g.b.clock.Add(-1) })
			return g.text
		}, nil, issuer.CodeRevoked, true, 1},
		{"a disabled key", func(g given) secret.Text {
			set(g, func(k *issuer.Key) { k.Status = issuer.StatusDisabled })
			return g.text
		}, nil, issuer.CodeDisabled, true, 1},
		{"a key at its expiry is expired", func(g given) secret.Text {
			set(g, func(k *issuer.Key) { k.ExpiresAt = g.b.clock })
			return g.text
		}, nil, issuer.CodeExpired, true, 1},
		{"a key before its expiry is valid", func(g given) secret.Text {
			set(g, func(k *issuer.Key) { k.ExpiresAt = g.b.clock.Add(time.Microsecond) })
			return g.text
		}, nil, issuer.CodeValid, true, 1},
		{"an unknown status is no decision", func(g given) secret.Text {
			set(g, func(k *issuer.Key) { k.Status = "" })
			return g.text
		}, nil, issuer.CodeUndecided, false, 1},
		{"a store that fails is no denial", func(g given) secret.Text {
			g.b.store.fail = errors.New("disk on fire")
			return g.text
		}, nil, issuer.CodeUndecided, false, 1},
		{"a missing pepper is no denial", func(g given) secret.Text {
			set(g, func(k *issuer.Key) { k.Digest.PepperVersion = 99 })
			return g.text
		}, nil, issuer.CodeUndecided, false, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			g := given{b: newBench(t)}
			g.text, g.key = g.b.issue(t, "orders:read")
			presented := tc.arrange(g)
			g.b.store.reads = 0
			var uses []issuer.Use
			v := g.b.verifier()
			v.Touch = func(u issuer.Use) { uses = append(uses, u) }

			d := v.Verify(t.Context(), presented, issuer.Request{Scopes: tc.scopes})

			if d.Code != tc.want || d.Valid() != (tc.want == issuer.CodeValid) || d.Reason == "" {
				t.Fatalf("Verify = %s (%s), %v; want %s", d.Code, d.Reason, d.Err, tc.want)
			}
			if (d.Key != nil) != tc.matched || (d.Principal.KeyID == g.key.ID) != tc.matched {
				t.Errorf("the decision names the key: %v, want %v", d.Key != nil, tc.matched)
			}
			if g.b.store.reads != tc.reads || (len(uses) == 1) != d.Valid() || (d.Err != nil) != (d.Code == issuer.CodeUndecided) {
				t.Errorf("%d reads, %d uses, error %v", g.b.store.reads, len(uses), d.Err)
			}
			if shown := fmt.Sprintf("%+v", d); strings.Contains(shown, presented.Reveal()) && presented.Len() > 0 {
				t.Error("the decision shows what was presented")
			}
			if check := v.Check(t.Context(), presented); len(tc.scopes) == 0 && (check.Code != d.Code || len(uses) > 1) {
				t.Errorf("Check = %s with %d uses", check.Code, len(uses))
			}
		})
	}
}

func TestAnAnswerDoesNotTellWhichIDsExist(t *testing.T) {
	t.Parallel()
	for code, want := range map[issuer.Code]string{
		issuer.CodeBadTag: "invalid_key", issuer.CodeUnknownID: "invalid_key", issuer.CodeWrongSecret: "invalid_key",
		issuer.CodeRevoked: "revoked", issuer.CodeBadChecksum: "bad_checksum", "": "undecided",
	} {
		if got := (issuer.Decision{Code: code}).PublicCode(); got != want {
			t.Errorf("PublicCode of %q = %s", code, got)
		}
	}
}

func TestTheZeroVerifierAndDecisionGrantNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	text, _ := b.issue(t)
	var v issuer.Verifier
	if d := v.Verify(t.Context(), text, issuer.Request{}); d.Code != issuer.CodeUndecided || d.Valid() {
		t.Errorf("the zero verifier says %s", d.Code)
	}
	if (issuer.Decision{}).Valid() {
		t.Error("the zero decision is valid")
	}
}

func TestKeysSurviveThePeppersRotation(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	peppers, tags := map[int][]byte{1: bytesOf(1)}, map[int][]byte{1: bytesOf(2)}
	var err error
	if b.Keyring, err = issuer.NewKeyring(peppers, tags); err != nil {
		t.Fatal(err)
	}
	text, _ := b.issue(t)
	peppers[2], tags[2] = bytesOf(3), bytesOf(4)
	if b.Keyring, err = issuer.NewKeyring(peppers, tags); err != nil {
		t.Fatal(err)
	}
	if d := b.verifier().Verify(t.Context(), text, issuer.Request{}); !d.Valid() {
		t.Errorf("after the rotation: %s", d.Code)
	}
}

func TestLosingATagKeyLosesNoKey(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	peppers := map[int][]byte{1: bytesOf(1)}
	keyring := func(tags map[int][]byte) *issuer.Keyring {
		k, err := issuer.NewKeyring(peppers, tags)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	b.Keyring = keyring(map[int][]byte{1: bytesOf(2)})
	text, _ := b.issue(t)

	b.Keyring = keyring(nil)
	if d := b.verifier().Verify(t.Context(), text, issuer.Request{}); !d.Valid() {
		t.Errorf("without a tag key: %s", d.Code)
	}
	if _, _, err := b.Issue(t.Context(), issuer.IssueRequest{Family: "acme_live", Owner: "alice", Act: act}); !errors.Is(err, issuer.ErrNoTagKey) {
		t.Errorf("Issue without a tag key: %v", err)
	}

	b.Keyring = keyring(map[int][]byte{2: bytesOf(3)})
	newer, _ := b.issue(t)
	for _, key := range []secret.Text{text, newer} {
		if d := b.verifier().Verify(t.Context(), key, issuer.Request{}); !d.Valid() {
			t.Errorf("tag key 2 after the loss of 1: %s", d.Code)
		}
	}

	b.Keyring = keyring(map[int][]byte{1: bytesOf(2), 2: bytesOf(3)})
	if !b.Keyring.TagsComplete() || keyring(map[int][]byte{2: bytesOf(3)}).TagsComplete() || new(issuer.Keyring).TagsComplete() {
		t.Error("TagsComplete does not say whether one is missing")
	}
	if d := b.verifier().Verify(t.Context(), text, issuer.Request{}); !d.Valid() {
		t.Errorf("with both: %s", d.Code)
	}
}

func TestPrincipalTravelsInTheContext(t *testing.T) {
	t.Parallel()
	if _, ok := issuer.PrincipalFrom(context.Background()); ok {
		t.Error("a principal out of nowhere")
	}
	got, ok := issuer.PrincipalFrom(issuer.WithPrincipal(t.Context(), issuer.Principal{KeyID: "k", Owner: "o"}))
	if !ok || got.KeyID != "k" || got.Owner != "o" {
		t.Errorf("PrincipalFrom = %+v, %v", got, ok)
	}
}

func BenchmarkVerifyMiss(b *testing.B) {
	bench := newBench(b)
	text, key := bench.issue(b)
	delete(bench.store.keys, key.ID)
	v := bench.verifier()
	b.ReportAllocs()
	for b.Loop() {
		if d := v.Verify(b.Context(), text, issuer.Request{}); d.Code != issuer.CodeUnknownID {
			b.Fatal(d.Code)
		}
	}
}

func BenchmarkVerifyWrongSecret(b *testing.B) {
	bench := newBench(b)
	text, key := bench.issue(b)
	key.Digest.Sum[0]++
	bench.store.keys[key.ID] = key
	v := bench.verifier()
	b.ReportAllocs()
	for b.Loop() {
		if d := v.Verify(b.Context(), text, issuer.Request{}); d.Code != issuer.CodeWrongSecret {
			b.Fatal(d.Code)
		}
	}
}

// TestAFoundKeyIsJudgedByTheStoreWhateverItsTag: a tag key that was lost and replaced must keep no leaked key alive.
func TestAFoundKeyIsJudgedByTheStoreWhateverItsTag(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	text, _ := b.issue(t)
	kept, err := issuer.ParseKeyring(b.verifier().Keyring.Marshal())
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.SplitSeq(string(kept.Marshal()), "\n") {
		if strings.HasPrefix(line, "tag ") {
			line = "tag 1 " + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("another tag key ", 2)))
		}
		lines = append(lines, line)
	}
	v := b.verifier()
	if v.Keyring, err = issuer.ParseKeyring([]byte(strings.Join(lines, "\n"))); err != nil {
		t.Fatal(err)
	}
	if d := v.Check(t.Context(), text); d.Code != issuer.CodeBadTag {
		t.Fatalf("Check = %s: the keyring has the old tag key", d.Code)
	}
	if d := v.CheckFound(t.Context(), text); d.Code != issuer.CodeValid {
		t.Errorf("CheckFound = %s (%s)", d.Code, d.Reason)
	}
}

// dated is a store that says how late its answers are.
type dated struct {
	*mapStore
	at issuer.Token
}

func (d dated) KeyAt(ctx context.Context, id issuer.KeyID) (issuer.Snapshot, error) {
	key, err := d.Key(ctx, id)
	if errors.Is(err, issuer.ErrNotFound) {
		return issuer.Snapshot{At: d.at}, nil
	}
	return issuer.Snapshot{At: d.at, Key: &key}, err
}

func TestAnAnswerKnowsOfTheChangeThatIsAskedFor(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	text, _ := b.issue(t)
	for _, tc := range []struct {
		name  string
		store issuer.KeyReader
		after issuer.Token
		want  issuer.Code
		err   error
	}{
		{"nothing is asked for", b.store, issuer.Token{}, issuer.CodeValid, nil},
		{"a store that cannot tell", b.store, issuer.Token{Generation: 1, Seq: 1}, issuer.CodeUndecided, nil},
		{"late enough", dated{b.store, issuer.Token{Generation: 1, Seq: 7}}, issuer.Token{Generation: 1, Seq: 7}, issuer.CodeValid, nil},
		{"too early", dated{b.store, issuer.Token{Generation: 1, Seq: 6}}, issuer.Token{Generation: 1, Seq: 7}, issuer.CodeUndecided, issuer.ErrBehind},
		{"before a failover", dated{b.store, issuer.Token{Generation: 2, Seq: 9}}, issuer.Token{Generation: 1, Seq: 7}, issuer.CodeUndecided, issuer.ErrGeneration},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			v := &issuer.Verifier{Store: tc.store, Keyring: b.Keyring, Now: b.Now}
			d := v.Verify(t.Context(), text, issuer.Request{MinSeq: tc.after})
			if d.Code != tc.want || tc.err != nil && !errors.Is(d.Err, tc.err) {
				t.Errorf("Verify = %s, %v; want %s, %v", d.Code, d.Err, tc.want, tc.err)
			}
		})
	}
}
