package scanner

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"sync"

	"golang.org/x/crypto/argon2"

	"github.com/keywright/keywright/internal/secret"
	"github.com/keywright/keywright/patterns"
)

// SaltSize is the length of a salt in bytes.
const SaltSize = 16

// The parameters of fingerprint version 1. They are part of the format and never change within it.
const (
	fingerprintDomain  = "keywright/fp/1"
	fingerprintBytes   = 20 // 160 bits
	highEntropyBits    = 80 // from here on, guessing the secret from a plain hash is hopeless
	argonTime          = 1
	argonMemoryKiB     = 16 << 10
	argonThreads       = 1
	highEntropyVersion = "fp1_"
	saltedVersion      = "fp1s_"
)

// Fingerprinter gives the salt of fingerprints for secrets of low entropy.
type Fingerprinter struct {
	// Salt is asked at most once per scan and only when such a secret was found. Nil: a random salt, so
	// the fp1s_ fingerprints of two scans cannot be compared.
	Salt func() ([SaltSize]byte, error)
}

// NeedsSalt says whether the fingerprints of a pattern's secrets are salted: those with fewer than 80
// random bits by their format, or an unknown number.
func NeedsSalt(p *patterns.Pattern) bool { return entropyBits(p) < highEntropyBits }

// Fingerprint names a secret without showing it, version 1.
//
// Input: the strings "keywright/fp/1", the pattern's stable name and the secret, each after its length as
// 4 bytes big endian. At least 80 random bits by the format: "fp1_" and the first 160 bits of its SHA-256 in
// hex. Else: "fp1s_" and 160 bits of Argon2id (16 MiB, t=1, p=1) under the salt. It holds no path, so it
// survives a move, a rebase and a squash, and a new secret on an old line is a new finding.
//
// Salting slows guessing, it does not stop it: a baseline with fp1s_ entries belongs in a private repository.
func Fingerprint(p *patterns.Pattern, s secret.Text, salt [SaltSize]byte) string {
	message := fingerprintMessage(string(p.StableName()), s)
	if NeedsSalt(p) {
		sum := argon2.IDKey(message, salt[:], argonTime, argonMemoryKiB, argonThreads, fingerprintBytes)
		return saltedVersion + hex.EncodeToString(sum)
	}
	sum := sha256.Sum256(message)
	return highEntropyVersion + hex.EncodeToString(sum[:fingerprintBytes])
}

func fingerprintMessage(name string, s secret.Text) []byte {
	var message []byte
	for _, part := range []string{fingerprintDomain, name, s.Reveal()} {
		message = binary.BigEndian.AppendUint32(message, uint32(len(part))) //nolint:gosec // bounded by hardMaxBytes
		message = append(message, part...)
	}
	return message
}

// fingerprintAll fills in the fingerprints, the salted ones in parallel: each takes 16 MiB while it runs.
func (s *Scanner) fingerprintAll(ctx context.Context, findings []Finding) []Skip {
	salt := sync.OnceValues(s.salt)
	work := make(chan *Finding)
	var failed sync.Map // one entry is enough
	var group sync.WaitGroup
	for range min(s.options.Workers, len(findings)) {
		group.Go(func() {
			for f := range work {
				if err := s.fingerprint(f, salt); err != nil {
					failed.Store("salt", err)
				}
			}
		})
	}
	for i := range findings {
		if ctx.Err() != nil {
			break
		}
		work <- &findings[i]
	}
	close(work)
	group.Wait()
	if err, did := failed.Load("salt"); did {
		return []Skip{{Reason: SkipUnreadable, Detail: fmt.Sprintf("findings without fingerprints: %v", err)}}
	}
	return nil
}

func (s *Scanner) fingerprint(f *Finding, salt func() ([SaltSize]byte, error)) error {
	p, _ := s.set.ByID(f.Pattern)
	var value [SaltSize]byte
	if NeedsSalt(p) {
		var err error
		if value, err = salt(); err != nil {
			return fmt.Errorf("read the salt: %w", err)
		}
	}
	f.Fingerprint = Fingerprint(p, f.Secret, value)
	return nil
}

func (s *Scanner) salt() ([SaltSize]byte, error) {
	if s.options.Fingerprinter.Salt != nil {
		return s.options.Fingerprinter.Salt()
	}
	var salt [SaltSize]byte
	_, err := rand.Read(salt[:])
	return salt, err
}

// entropyBits is the number of random bits of a pattern's secrets, 0 when it is not known.
func entropyBits(p *patterns.Pattern) float64 { return p.EntropyBits() }
