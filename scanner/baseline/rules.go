package baseline

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/keywright/keywright/scanner"
)

// Rules say which findings are accepted. They are a [scanner.Ignorer], for one scan, not for concurrent use.
type Rules struct {
	now           time.Time
	byFingerprint map[string][]*rule
	globs         []*rule
	all           []*rule
}

// rule is an entry or a line of an ignore file, and whether it accepted a finding.
type rule struct {
	glob    string
	text    string // "baseline: rotated in May (.keywright/baseline.jsonl:3)"
	at      string
	expired bool
	used    bool
}

// NewRules makes rules of what Load and LoadIgnore read. now decides which entries have expired.
func NewRules(now time.Time, entries []Entry, ignores []Ignore) *Rules {
	r := &Rules{now: now, byFingerprint: map[string][]*rule{}}
	for _, e := range entries {
		r.add(e.Fingerprint, &rule{text: described("baseline", e.Reason, e.at), at: e.at, expired: e.Expires.over(now)})
	}
	for _, i := range ignores {
		r.add(i.Fingerprint, &rule{glob: i.Glob, text: described("ignored", i.Reason, i.at), at: i.at})
	}
	return r
}

func described(kind, reason, at string) string {
	if at == "" {
		return kind + ": " + reason
	}
	return fmt.Sprintf("%s: %s (%s)", kind, reason, at)
}

func (r *Rules) add(fingerprint string, one *rule) {
	r.all = append(r.all, one)
	if one.glob != "" {
		r.globs = append(r.globs, one)
		return
	}
	r.byFingerprint[fingerprint] = append(r.byFingerprint[fingerprint], one)
}

// Ignored says which rule accepts the finding. Every rule that would is counted as used.
func (r *Rules) Ignored(f scanner.Finding) (string, bool) {
	text := ""
	if f.Fingerprint != "" {
		for _, one := range r.byFingerprint[f.Fingerprint] {
			text = one.use(text)
		}
	}
	for _, one := range r.globs {
		if one.matchesAll(f) {
			text = one.use(text)
		}
	}
	return text, text != ""
}

// use counts the rule and gives its text when it is the first that accepts. An expired one is counted as
// nothing: Stale names it.
func (one *rule) use(before string) string {
	if one.expired {
		return before
	}
	one.used = true
	if before != "" {
		return before
	}
	return one.text
}

// matchesAll says whether every place of the finding is a file or a name under the glob. A place that is not
// listed may be anywhere, so a finding with such places is not accepted by path.
func (one *rule) matchesAll(f scanner.Finding) bool {
	if f.Total > 1+len(f.Locations) {
		return false
	}
	return one.matches(f.Location) && !slices.ContainsFunc(f.Locations, func(l scanner.Location) bool { return !one.matches(l) })
}

func (one *rule) matches(l scanner.Location) bool {
	return l.Path != "" && matchGlob(one.glob, strings.ReplaceAll(l.Path, "\\", "/"))
}

// Stale names the rules that accept nothing, in their order: those that have expired, and those that no
// finding fell under. To be asked after a complete scan; after a partial one it names too many.
func (r *Rules) Stale() []string {
	var out []string
	for _, one := range r.all {
		switch {
		case one.expired:
			out = append(out, "expired: "+one.text)
		case !one.used:
			out = append(out, "accepts nothing: "+one.text)
		}
	}
	return out
}
