package scanner

import (
	"fmt"
	"strings"

	"github.com/keywright/keywright/scanner/decode"
)

// engineVersion is raised with every change after which content that held nothing to tell may hold something: of how a
// match is made, filtered or bounded, what is decoded, where a unit begins, what is a skip. Who raises it without need
// costs each user one slow scan; who forgets it hides findings.
const engineVersion = 1

// Identity names all that decides what a scan says of content: the patterns, the engine, the decoders, the limits that
// hold for one blob. Scanners of one identity agree on whether a blob is clean, see [Taken].
func (s *Scanner) Identity() string {
	l := s.options.Limits
	return fmt.Sprintf("engine %d, patterns %s, decoders %s, %d matches, depth %d, %d bytes, %d members", engineVersion,
		s.set.Version(), strings.Join(decode.Names(), " "), l.MaxMatchesPerBlob, l.Decode.MaxDepth, l.Decode.MaxBytes, l.Decode.MaxMembers)
}
