package scanner

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/keywright/keywright/patterns"
	"github.com/keywright/keywright/scanner/decode"
)

// ErrCanary says that a scanner did not find a secret of its own making: its silence means nothing.
var ErrCanary = errors.New("the scanner does not find its own canary")

// Limits bound a scan. Zero values take the defaults. A limit that was hit is a [Skip], or a number in the finding.
type Limits struct {
	// MaxFindings is how many distinct secrets are reported, those whose digests come first; default 100000.
	// The others: SkipTooManyMatches.
	MaxFindings int
	// MaxLocations is how many places of one finding are reported; default 1000. Finding.Total counts the others too.
	MaxLocations int
	// MaxMatchesPerBlob is how many matches in one blob are looked into; default 10000. The others:
	// SkipTooManyMatches.
	MaxMatchesPerBlob int
	// MaxBytesInFlight is how much of blobs is read and not yet scanned; default 256 MiB, or one blob. The
	// source waits meanwhile; a [Lender] holds what it lends by itself.
	MaxBytesInFlight int64
	// Decode bounds what is decoded of one blob; the rest: SkipDecodeBudget.
	Decode decode.Limits
}

// Options configure a Scanner. The zero value is usable.
type Options struct {
	Workers int // 0: GOMAXPROCS
	Limits  Limits
	// Fingerprinter holds the salt for secrets of low entropy.
	Fingerprinter Fingerprinter
	// NoFingerprints leaves Finding.Fingerprint empty, for callers that only ask whether something is found.
	NoFingerprints bool
	// Branches asks the source, when it is a RefLister, for Finding.Refs.
	Branches bool
	// Ignore marks findings that are known, see [Finding.Ignored]. Nil: none are.
	Ignore Ignorer
	// Progress is called from time to time and after the last blob, from one goroutine at a time. Nil: nobody listens.
	Progress func(Progress)
	// FullScan scans what a [Lender] lends without what is known of the blobs that it was made from. The findings are
	// the same, which tests show by it.
	FullScan bool
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// Ignorer knows findings that someone has accepted. Called from one goroutine, once for each finding with
// its places and fingerprint. rule says in words which rule matched; it is shown to people.
type Ignorer interface {
	Ignored(Finding) (rule string, ignored bool)
}

// Progress is how far a scan has come.
type Progress struct {
	Blobs   int   // of every kind
	Bytes   int64 // of those
	Secrets int   // distinct ones so far
}

// Scanner scans with one set of patterns. Safe for concurrent use.
type Scanner struct {
	set     *patterns.Set
	program *program
	options Options
	workers *sync.Pool // of *worker, for texts that are scanned one at a time
}

// New compiles the set and proves the result on a canary.
//
// Errors: ErrNoPatterns when there is nothing to look for, ErrCanary when the matcher does not find a secret
// that it made itself; else what is wrong with a pattern, by its id.
func New(set *patterns.Set, options Options) (*Scanner, error) {
	if set == nil || set.Len() == 0 {
		return nil, ErrNoPatterns
	}
	canary := canaryPattern()
	program, err := compile(append(append([]*patterns.Pattern{}, set.All()...), canary))
	if err != nil {
		return nil, fmt.Errorf("compile the patterns: %w", err)
	}
	program.rules[len(program.rules)-1].canary = true
	s := &Scanner{set: set, program: program, options: options.filled(), workers: &sync.Pool{}}
	if err := s.prove(); err != nil {
		return nil, err
	}
	return s, nil
}

func (o Options) filled() Options {
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	l := &o.Limits
	l.MaxFindings = orDefault(l.MaxFindings, 100_000)
	l.MaxLocations = orDefault(l.MaxLocations, 1000)
	l.MaxMatchesPerBlob = orDefault(l.MaxMatchesPerBlob, 10_000)
	l.MaxBytesInFlight = orDefault(l.MaxBytesInFlight, 256<<20)
	return o
}

func orDefault[T int | int64](n, standard T) T {
	if n <= 0 {
		return standard
	}
	return n
}

// ScanBytes scans one blob: a finding for each secret in it, at the places where it stands, by offset. It
// applies no Ignorer. A cancelled ctx gives a skip, and no findings. Safe for concurrent use.
func (s *Scanner) ScanBytes(ctx context.Context, blob Blob) ([]Finding, []Skip) {
	result := blobResult{stopped: true}
	if ctx.Err() == nil {
		result = s.scanUntil(blob, ctx.Done())
	}
	if result.stopped {
		return nil, []Skip{{Reason: SkipDeadline, Object: string(blob.ID), Path: blob.Location.Path, Detail: ctx.Err().Error()}}
	}
	if len(result.claims) == 0 {
		return nil, result.skips
	}
	c := newCollection(s)
	c.add(result)
	findings, skips := c.findings(nil)
	skips = append(result.skips, skips...)
	if !s.options.NoFingerprints {
		skips = append(skips, s.fingerprintAll(ctx, findings)...)
	}
	return findings, skips
}
