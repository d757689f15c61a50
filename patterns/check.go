package patterns

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// The bounds of an entry.
const (
	minLiteralBytes = 3    // a shorter literal stands everywhere: the prefilter would pass everything
	maxMatchBytes   = 8192 // the scanner's window
	maxIDBytes      = 64
	maxPrefixBytes  = 64
	maxParts        = 16
	maxTexts        = 64   // literals, prefixes, keywords, examples and the like, each
	maxTextBytes    = 4096 // of one of them, before ${…} is filled in; also of an expression and its template
)

// ruleset says how much an entry must bring.
type ruleset struct {
	examples, counterExamples int
	sources                   bool
}

var (
	builtinFile = ruleset{examples: 2, counterExamples: 2, sources: true}
	userFile    = ruleset{examples: 1}
)

// idGrammar: vendor.kind[.variant], dashes inside a word.
var idGrammar = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*){1,2}$`)
})

// Check finds all that is wrong with an entry by itself, as a user's file is checked: its form, its sources,
// its live check, and, with minted secrets, its expression and examples. What a scanner makes of it is
// scanner/laws' to say.
func (p *Pattern) Check() []Problem { return p.check(userFile) }

// check finds all that is wrong with an entry, with its examples and its proofs.
func (p *Pattern) check(rules ruleset) []Problem {
	out := p.checkShape()
	if len(out) > 0 {
		return out // what follows mints and compiles, which needs a sound shape
	}
	for _, text := range slices.Concat(p.checkCounts(rules), p.checkSources(), p.checkVerify(), p.checkReject(), p.checkExamples()) {
		out = append(out, p.problem("%s", text))
	}
	return out
}

// checkShape finds what would make the entry unusable for a scanner.
func (p *Pattern) checkShape() []Problem {
	texts := append(p.checkNames(), p.checkCaps()...)
	switch {
	case len(texts) > 0: // what follows walks the lists that may be too long
	case (p.Format == nil) == (p.Regex == nil):
		texts = append(texts, "needs either format or regex")
	case p.Format != nil:
		texts = append(texts, p.Format.check()...)
	default:
		texts = append(texts, p.Regex.check()...)
	}
	out := make([]Problem, len(texts))
	for i, text := range texts {
		out[i] = p.problem("%s", text)
	}
	return out
}

func (p *Pattern) checkNames() []string {
	var out []string
	if len(p.ID) > maxIDBytes || !idGrammar().MatchString(string(p.ID)) {
		out = append(out, fmt.Sprintf("id %q is not vendor.kind[.variant] in lower case, digits and dashes, at most %d bytes", p.ID, maxIDBytes))
	}
	if p.Vendor == "" {
		out = append(out, "the file names no vendor: add vendor: at its top")
	} else if !strings.HasPrefix(string(p.ID), p.Vendor+".") {
		out = append(out, fmt.Sprintf("the id must begin with the vendor, %q", p.Vendor+"."))
	}
	if strings.TrimSpace(p.Name) == "" {
		out = append(out, "has no name for people")
	}
	if !slices.Contains([]string{"", "account", "project", "public-id"}, p.Exposure) {
		out = append(out, fmt.Sprintf("exposure %q is none of account, project, public-id", p.Exposure))
	}
	if !slices.Contains([]string{"", "documented", "assumed"}, p.Evidence) {
		out = append(out, fmt.Sprintf("evidence %q is neither documented nor assumed", p.Evidence))
	}
	return out
}

// checkCaps bounds what a check does with an entry: expanding, proving and compiling.
func (p *Pattern) checkCaps() []string {
	lists := map[string][]string{"keywords": p.Keywords, "examples": p.Examples}
	for _, counter := range p.CounterExamples {
		lists["counter_examples"] = append(lists["counter_examples"], counter.Text)
	}
	if p.Format != nil {
		lists["prefixes"] = p.Format.Prefixes
	}
	if p.Regex != nil {
		lists["literals"] = p.Regex.Literals
		lists["expr and mint"] = []string{p.Regex.Expr, p.Regex.Mint}
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(lists)) {
		long := slices.ContainsFunc(lists[name], func(text string) bool { return len(text) > maxTextBytes })
		if long || len(lists[name]) > maxTexts {
			out = append(out, fmt.Sprintf("%s: at most %d texts of at most %d bytes", name, maxTexts, maxTextBytes))
		}
	}
	return out
}

func (p *Pattern) checkCounts(rules ruleset) []string {
	var out []string
	if len(p.Examples) < rules.examples {
		out = append(out, fmt.Sprintf("has %d examples, needs %d or more", len(p.Examples), rules.examples))
	}
	if len(p.CounterExamples) < rules.counterExamples {
		out = append(out, fmt.Sprintf("has %d counter_examples, needs %d or more", len(p.CounterExamples), rules.counterExamples))
	}
	if rules.sources && (len(p.Sources) == 0 || p.Evidence == "") {
		out = append(out, "needs evidence and at least one source with its date")
	}
	return out
}

func (p *Pattern) checkSources() []string {
	var out []string
	for _, s := range p.Sources {
		if u, err := url.Parse(s.URL); err != nil || u.Scheme != "https" || u.Host == "" {
			out = append(out, fmt.Sprintf("source %q is no https URL", s.URL))
		}
		if _, err := time.Parse(time.DateOnly, s.Checked); err != nil {
			out = append(out, fmt.Sprintf("source %s: checked %q is no date like 2026-11-24", s.URL, s.Checked))
		}
		if s.Says == "" {
			out = append(out, fmt.Sprintf("source %s: says what?", s.URL))
		}
	}
	return out
}

func (p *Pattern) checkReject() []string {
	var out []string
	for _, r := range p.Reject {
		set := 0
		for _, text := range []string{r.Contains, r.Prefix, r.Suffix} {
			if text != "" {
				set++
			}
		}
		if set != 1 || r.Name == "" {
			out = append(out, fmt.Sprintf("reject %q needs a name and one of contains, prefix, suffix", r.Name))
		}
	}
	return out
}
