package scanner

import (
	"bytes"
	"strings"
)

// AllowMark begins the comment that accepts the findings on its line: `keywright:allow <reason>`.
const AllowMark = "keywright:allow"

// maxAllowReason bounds the reason of an inline comment, in bytes; maxAllowDistance how far from a finding
// on the same line the comment is looked for.
const (
	maxAllowReason   = 200
	maxAllowDistance = 4096
)

// allowed is the reason of the comment on the line of data[start:end], "no reason given" for an empty one,
// and empty without a comment. A comment in front of the finding loses its reason: what follows the mark
// there may be the secret.
func allowed(data []byte, start, end int) string {
	behind := data[end:min(len(data), end+maxAllowDistance)]
	if i := bytes.IndexByte(behind, '\n'); i >= 0 {
		behind = behind[:i]
	}
	if i := bytes.Index(behind, []byte(AllowMark)); i >= 0 {
		return allowReason(behind[i+len(AllowMark):])
	}
	before := data[max(0, start-maxAllowDistance):start]
	if i := bytes.LastIndexByte(before, '\n'); i >= 0 {
		before = before[i+1:]
	}
	if bytes.Contains(before, []byte(AllowMark)) {
		return allowReason(nil)
	}
	return ""
}

func allowReason(text []byte) string {
	reason := strings.TrimSpace(string(text[:min(len(text), maxAllowReason)]))
	for _, end := range []string{"-->", "*/"} {
		reason = strings.TrimSpace(strings.TrimSuffix(reason, end))
	}
	if reason == "" {
		return "no reason given"
	}
	return strings.ToValidUTF8(reason, "?")
}
