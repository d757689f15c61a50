package issuer

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"log/slog"
	"maps"
	"slices"
	"sync"

	"github.com/keywright/keywright/internal/secret"
)

// MinPepperLen is the shortest pepper and tag key in bytes: the size of the hash, RFC 2104 section 3.
const MinPepperLen = 32

// Errors of a keyring.
var (
	ErrPepperShort   = fmt.Errorf("a pepper has at least %d random bytes", MinPepperLen)
	ErrTagKeyShort   = fmt.Errorf("a tag key has at least %d random bytes", MinPepperLen)
	ErrPepperMissing = errors.New("no pepper of that version in the keyring")
	// ErrNoTagKey: issued keys verify without one, but none can be made.
	ErrNoTagKey   = errors.New("no tag key in the keyring: add a line `tag <number> <base64 of 32 random bytes>`, with a number that was never used")
	ErrKeyVersion = errors.New("versions in a keyring are whole numbers from 1")
)

// Keyring holds the peppers, by version, and the tag keys, by number. The highest number of each is the
// one for new keys. The zero value holds nothing: it issues nothing and matches nothing.
//
// A lost tag key costs no key: tags reject an id only while the keyring has every tag key from 1 to the newest, see
// [Keyring.TagsComplete].
//
// Immutable after its making; all methods may be called at once from many goroutines.
type Keyring struct {
	peppers map[int]*macKey
	tags    map[int]*macKey
	newest  int
	newTag  int
}

// NewKeyring makes a keyring of at least one pepper. Without a tag key it verifies, and issues nothing.
//
// Errors: ErrPepperMissing, ErrPepperShort, ErrTagKeyShort, ErrKeyVersion, with the version.
func NewKeyring(peppers, tags map[int][]byte) (*Keyring, error) {
	if len(peppers) == 0 {
		return nil, fmt.Errorf("make keyring: %w", ErrPepperMissing)
	}
	k := &Keyring{peppers: map[int]*macKey{}, tags: map[int]*macKey{}}
	for _, version := range slices.Sorted(maps.Keys(peppers)) {
		if err := checkKey(version, peppers[version], ErrPepperShort); err != nil {
			return nil, fmt.Errorf("make keyring: pepper %d: %w", version, err)
		}
		k.peppers[version], k.newest = newMACKey(peppers[version]), version
	}
	for _, number := range slices.Sorted(maps.Keys(tags)) {
		if err := checkKey(number, tags[number], ErrTagKeyShort); err != nil {
			return nil, fmt.Errorf("make keyring: tag %d: %w", number, err)
		}
		k.tags[number], k.newTag = newMACKey(tags[number]), number
	}
	return k, nil
}

func checkKey(version int, key []byte, short error) error {
	if version < 1 {
		return ErrKeyVersion
	}
	if len(key) < MinPepperLen {
		return short
	}
	return nil
}

// GenerateKeyring makes a keyring of one fresh pepper and one fresh tag key. r must be a CSPRNG.
func GenerateKeyring(r io.Reader) (*Keyring, error) {
	var random [2 * MinPepperLen]byte
	if _, err := io.ReadFull(r, random[:]); err != nil {
		return nil, fmt.Errorf("generate keyring: read random bytes: %w", err)
	}
	return NewKeyring(map[int][]byte{1: random[:MinPepperLen]}, map[int][]byte{1: random[MinPepperLen:]})
}

// Newest is the version of the pepper for new digests, 0 when there is none.
func (k *Keyring) Newest() int { return k.newest }

// Versions are the versions of the peppers, ascending.
func (k *Keyring) Versions() []int { return slices.Sorted(maps.Keys(k.peppers)) }

// Digest is what is stored of a key: HMAC-SHA-256 under the newest pepper. Without one it is the zero
// Digest, which matches nothing.
func (k *Keyring) Digest(key secret.Text) Digest {
	pepper := k.peppers[k.newest]
	if pepper == nil {
		return Digest{}
	}
	return Digest{Sum: pepper.sum(key.Reveal()), PepperVersion: k.newest}
}

// Matches says whether the digest is the key's, in constant time.
//
// Errors: ErrPepperMissing when the keyring has no pepper of the digest's version: then nobody can say
// whether the key is right, and it is not wrong.
func (k *Keyring) Matches(key secret.Text, digest Digest) (bool, error) {
	return k.matches(key.Reveal(), &digest)
}

func (k *Keyring) matches(text string, digest *Digest) (bool, error) {
	pepper := k.peppers[digest.PepperVersion]
	if pepper == nil {
		return false, fmt.Errorf("match key: pepper %d: %w", digest.PepperVersion, ErrPepperMissing)
	}
	sum := pepper.sum(text)
	return subtle.ConstantTimeCompare(sum[:], digest.Sum[:]) == 1, nil
}

// Check is HMAC-SHA-256(pepper, "keywright/pepper-check/1"): a store keeps it to recognise a wrong pepper
// before it says of every key that its secret is wrong. All zero when there is no such version.
func (k *Keyring) Check(version int) [32]byte {
	pepper := k.peppers[version]
	if pepper == nil {
		return [32]byte{}
	}
	return pepper.sum("keywright/pepper-check/1")
}

// Tag is the last three characters of an id: the first eight bytes of HMAC-SHA-256(tag key, prefix "_" nine)
// as a big-endian number modulo 62^3, in base62. The newest tag key is used.
//
// Errors: ErrNoTagKey.
func (k *Keyring) Tag(prefix Prefix, nine string) (string, error) {
	if k == nil || k.tags[k.newTag] == nil {
		return "", ErrNoTagKey
	}
	return k.tags[k.newTag].tag(prefix, nine), nil
}

// TagsComplete says whether the keyring has every tag key that ever made an id: there is one, and no number from 1 to
// the newest is missing. Otherwise a tag that no key here gives says nothing of the id: its tag key may be lost.
func (k *Keyring) TagsComplete() bool { return k.newTag > 0 && len(k.tags) == k.newTag }

// TagValid says whether any tag key gives the id this tag. One invented id in 238,328 passes per key.
func (k *Keyring) TagValid(prefix Prefix, id KeyID) bool {
	if len(id) != IDLen {
		return false
	}
	nine, tag := string(id[:NineLen]), string(id[NineLen:])
	valid := 0
	for _, key := range k.tags {
		valid |= subtle.ConstantTimeCompare([]byte(key.tag(prefix, nine)), []byte(tag))
	}
	return valid == 1
}

// String, GoString, Format, LogValue and MarshalText make every usual way of printing show no key.
func (*Keyring) String() string               { return "[keyring]" }
func (*Keyring) GoString() string             { return "[keyring]" }
func (*Keyring) Format(f fmt.State, _ rune)   { _, _ = io.WriteString(f, "[keyring]") }
func (*Keyring) LogValue() slog.Value         { return slog.StringValue("[keyring]") }
func (*Keyring) MarshalText() ([]byte, error) { return []byte("[keyring]"), nil }

// macKey is an HMAC-SHA-256 key with its prepared states.
type macKey struct {
	raw    secret.Text // for Marshal; behind a pointer, so that no dump of a Keyring shows it
	states sync.Pool   // of *macState
}

// macState carries its buffers along: they would escape to the heap with every call otherwise.
type macState struct {
	mac hash.Hash
	in  []byte
	out [sha256.Size]byte
}

func newMACKey(raw []byte) *macKey {
	k := &macKey{raw: secret.New(string(raw))}
	k.states.New = func() any {
		return &macState{mac: hmac.New(sha256.New, []byte(k.raw.Reveal())), in: make([]byte, 0, MaxKeyLen)}
	}
	return k
}

func (k *macKey) sum(text ...string) [sha256.Size]byte {
	state, ok := k.states.Get().(*macState)
	if !ok {
		panic("issuer: a foreign value in the pool of HMAC states")
	}
	for _, part := range text {
		state.in = append(state.in, part...)
	}
	state.mac.Reset()
	_, _ = state.mac.Write(state.in) // a hash never fails: hash.Hash
	state.mac.Sum(state.out[:0])
	out := state.out
	clear(state.in) // no plaintext is left in the pool
	state.in = state.in[:0]
	k.states.Put(state)
	return out
}

func (k *macKey) tag(prefix Prefix, nine string) string {
	sum := k.sum(string(prefix), "_", nine)
	value := binary.BigEndian.Uint64(sum[:8]) % (62 * 62 * 62) // bias below 2^-46
	var out [TagLen]byte
	for i := TagLen - 1; i >= 0; i-- {
		out[i] = base62Digit(value % 62)
		value /= 62
	}
	return string(out[:])
}
