package scanner

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/keywright/keywright/internal/secret"
	"github.com/keywright/keywright/patterns"
)

// BlobID identifies content, not a place: an object id in lower-case hex, or empty for a file without one.
type BlobID string

// Kind says what part of a repository a blob or a place is.
type Kind string

// The kinds. File is the zero value's meaning.
const (
	KindFile    Kind = "file"
	KindCommit  Kind = "commit"  // the commit object: header and message
	KindTag     Kind = "tag"     // the tag object: header and message
	KindName    Kind = "name"    // file names, one a line
	KindRef     Kind = "ref"     // names of refs, one a line
	KindUnknown Kind = "unknown" // an object that no ref, reflog or index reaches
)

// Blob is content to scan.
type Blob struct {
	ID   BlobID
	Kind Kind
	// Data belongs to the receiver once yielded; a source never writes to it again.
	Data []byte
	// Location is the first place, when the source knows it without further work; Path empty otherwise.
	Location Location
	// Part is nil when Data is all of the content.
	Part *Part
}

// Location is a place where content stands.
type Location struct {
	Kind   Kind
	Path   string // as bytes on disk or in the tree, may be no UTF-8; empty for a commit or tag
	Commit string // object id, empty outside history
	Author string // "Name <email>"
	Date   time.Time
	Ref    string // a ref that leads there, when known
	Span   Span
	// Allowed is the reason that an inline comment gives on the line, empty without one.
	Allowed string
}

// Span is a half-open range of bytes of a blob, with its lines and columns (from 1, columns in bytes).
type Span struct {
	Start, End         int64
	Line, Column       int
	EndLine, EndColumn int
}

// Finding is one secret with every place it stands. It is the only type that carries the plaintext, in
// memory only.
type Finding struct {
	Pattern     patterns.ID
	Vendor      string
	Name        string
	Secret      secret.Text
	KeyID       string // the public id of a key of ours; empty for others
	Family      string // the prefix of a key of ours
	Redacted    string // safe to show: the shape's public start, an ellipsis, "(redacted)"
	Fingerprint string
	EntropyBits float64 // of the random part by the pattern's format; 0 when unknown
	Blob        BlobID
	Location    Location   // the first place
	Locations   []Location // the other places, at most Limits.MaxLocations
	Total       int        // places in all, also those over the cap
	Refs        []string   // with Options.Branches: branches and tags that lead to a place above, by full name, sorted
	Decoded     []string   // decoders between the blob and the secret, outermost first
	// Ignored says which rule accepts the finding: a baseline, an ignore file, inline comments at all its
	// places. Empty: none. The finding is given to the Sink all the same, so that a live key is never hidden.
	Ignored string

	// Verdict, Reason and Owner are what a verifier said; empty when none was asked.
	Verdict string
	Reason  string
	Owner   string
	Scopes  []string
}

// SkipReason says why something that was asked for was not scanned. Stable names.
type SkipReason string

// The reasons.
const (
	SkipMissingObject  SkipReason = "missing-object"
	SkipCorruptObject  SkipReason = "corrupt-object"
	SkipMissingPack    SkipReason = "missing-pack"
	SkipShallow        SkipReason = "shallow-boundary"
	SkipUnreadable     SkipReason = "unreadable"
	SkipTooLarge       SkipReason = "too-large"
	SkipChanged        SkipReason = "changed-during-scan"
	SkipDecodeBudget   SkipReason = "decode-budget"
	SkipTooManyMatches SkipReason = "too-many-matches"
	SkipUnsupported    SkipReason = "unsupported"
	SkipNotARepository SkipReason = "hostile-repository" // a part of it is not what git would make: a FIFO as index
	SkipSourceFailed   SkipReason = "source-failed"
	SkipDeadline       SkipReason = "deadline"
	SkipAttribution    SkipReason = "attribution" // findings complete, their places may not be
)

// Skip is one thing that could not be scanned. As an error in a [Source]'s sequence it is not fatal.
type Skip struct {
	Reason SkipReason
	Object string // id, may be empty
	Path   string
	Detail string // never content
}

// Error makes a Skip an error value.
func (s *Skip) Error() string {
	what := strings.TrimSpace(s.Path + " " + s.Object)
	if what == "" {
		return fmt.Sprintf("%s: %s", s.Reason, s.Detail)
	}
	return fmt.Sprintf("%s: %s: %s", s.Reason, what, s.Detail)
}

// Counts is what a source went through.
type Counts struct {
	Commits    int
	Refs       int
	Blobs      int   // file contents: objects of type blob, files, stdin
	Bytes      int64 // of those blobs
	NotRegular int   // FIFOs, devices, sockets, symlinks: looked at, nothing to scan
	Excluded   int   // over a cap that the user set
	Remembered int   // objects that a past scan read and found clean, which this one did not scan again
}

// Source yields content. Called once.
//
// An error of type *Skip is reported and the sequence goes on; any other error ends the scan and makes it
// incomplete. A cancelled ctx ends the sequence with ctx.Err().
type Source interface {
	Blobs(ctx context.Context) iter.Seq2[Blob, error]
}

// Counter is a Source that knows what it went through. Called after the sequence ended.
type Counter interface {
	Counts() Counts
}

// Locator is a Source that finds the places of blobs afterwards, in one pass for all of them, and is asked
// only for blobs with findings. The map holds no entry for an id that nothing reaches. A *Skip in the error
// means that places are missing, not findings.
type Locator interface {
	Locate(ctx context.Context, ids []BlobID) (map[BlobID][]Location, error)
}

// Summary is what a scan did.
type Summary struct {
	Counts
	Findings  int
	Skips     int
	Patterns  int
	Catalogue string // version
	Elapsed   time.Duration
	Complete  bool     // all that was asked was scanned
	Ignored   int      // findings that a baseline or an ignore rule accepts, not counted in Findings
	Notes     []string // "nothing to scan: no commits"
}

// Sink receives what a scan finds, from one goroutine.
type Sink interface {
	Started(Start) error
	Finding(Finding) error
	Skipped(Skip) error
	Done(Summary) error
}

// Start is what is known before the first blob.
type Start struct {
	Patterns  int
	Catalogue string
}
