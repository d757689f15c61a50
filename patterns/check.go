package patterns

import (
	"fmt"
	"net/url"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"time"

	"github.com/keywright/keywright/internal/checksum"
)

// The bounds of an entry.
const (
	minLiteralBytes = 3    // a shorter literal stands everywhere: the prefilter would pass everything
	maxMatchBytes   = 8192 // the scanner's window
	maxIDBytes      = 64
	maxPrefixBytes  = 64
	maxParts        = 16
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
var idGrammar = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*){1,2}$`)

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
	texts := p.checkNames()
	switch {
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
	if len(p.ID) > maxIDBytes || !idGrammar.MatchString(string(p.ID)) {
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

func (f *Format) check() []string {
	var out []string
	if f.Prefix != "" && len(f.Prefixes) > 0 {
		out = append(out, "format has prefix and prefixes: keep one")
	}
	if len(f.Parts) == 0 || len(f.Parts) > maxParts {
		out = append(out, fmt.Sprintf("format needs 1 to %d parts", maxParts))
	}
	out = append(out, f.checkPrefixes()...)
	for i := range f.Parts {
		out = append(out, f.Parts[i].check()...)
	}
	if len(out) > 0 {
		return out
	}
	return slices.Concat(f.checkRuns(), f.checkEdge(), f.checkChecksum())
}

// checkEdge: a match does not begin behind a byte of its first run's alphabet, and values stand behind NAME=.
func (f *Format) checkEdge() []string {
	if !f.Boundary {
		return nil
	}
	for _, part := range f.Parts {
		if part.Literal != "" {
			continue
		}
		table, err := Alphabet(part.Alphabet)
		if err == nil && table['='] {
			return []string{fmt.Sprintf("the first run's alphabet, %s, holds =, so that NAME=value would be taken for a longer run: leave = out", part.Alphabet)}
		}
		return nil
	}
	return nil
}

func (f *Format) checkPrefixes() []string {
	var out []string
	anchored := slices.ContainsFunc(f.Parts, func(p Part) bool { return len(p.Literal) >= minLiteralBytes })
	if f.FreePrefix && (len(f.AllPrefixes()) > 0 || f.Checksum == nil || f.Checksum.Over != "all") {
		out = append(out, "free_prefix goes with no prefix and with a checksum over all: the checksum decides where it begins")
	}
	for _, prefix := range f.AllPrefixes() {
		if len(prefix) > maxPrefixBytes || !printable(prefix) {
			out = append(out, fmt.Sprintf("prefix %q: printable ASCII without blanks, at most %d bytes", prefix, maxPrefixBytes))
		}
		if len(prefix) < minLiteralBytes && !anchored {
			out = append(out, fmt.Sprintf("prefix %q is shorter than %d bytes, and no part is a literal of that length", prefix, minLiteralBytes))
		}
	}
	if len(f.AllPrefixes()) == 0 && !anchored {
		out = append(out, fmt.Sprintf("needs a prefix or a literal part of %d bytes or more", minLiteralBytes))
	}
	return out
}

// AllPrefixes are the alternatives of the literal start; none for a free prefix.
func (f *Format) AllPrefixes() []string {
	if f.Prefix != "" {
		return []string{f.Prefix}
	}
	return f.Prefixes
}

func printable(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < '!' || r > '~' })
}

func (p *Part) check() []string {
	switch {
	case (p.Literal == "") == (p.Alphabet == ""):
		return []string{"a part is either a literal or an alphabet with a length"}
	case p.Literal != "" && !printable(p.Literal):
		return []string{fmt.Sprintf("literal %q: printable ASCII without blanks", p.Literal)}
	case p.Literal != "" && (p.Min != 0 || p.Max != 0):
		return []string{fmt.Sprintf("literal %q has a length of its own: remove length, min and max", p.Literal)}
	case p.Literal != "":
		return nil
	case p.Min < 1 || p.Max != 0 && p.Max < p.Min || max(p.Min, p.Max) > maxMatchBytes:
		return []string{fmt.Sprintf("a run of %s needs length, or min (1 or more) and max, at most %d", p.Alphabet, maxMatchBytes)}
	}
	if _, err := Alphabet(p.Alphabet); err != nil {
		return []string{err.Error()}
	}
	return nil
}

// checkRuns: where a run of no fixed length ends must be clear from the next byte alone, so that matching
// needs no second try.
func (f *Format) checkRuns() []string {
	var out []string
	for i, part := range f.Parts[:len(f.Parts)-1] {
		if part.Literal != "" || part.Min == part.Max {
			continue
		}
		table, err := Alphabet(part.Alphabet)
		if err != nil {
			return []string{err.Error()}
		}
		if overlaps(table, f.Parts[i+1]) {
			out = append(out, fmt.Sprintf("the run of %s has no fixed length and its alphabet holds the start of the next part: use regex", part.Alphabet))
		}
	}
	return out
}

func overlaps(table *[256]bool, next Part) bool {
	if next.Literal != "" {
		return table[next.Literal[0]]
	}
	other, err := Alphabet(next.Alphabet)
	if err != nil {
		return true
	}
	for c := range table {
		if table[c] && other[c] {
			return true
		}
	}
	return false
}

func (f *Format) checkChecksum() []string {
	c := f.Checksum
	if c == nil {
		return nil
	}
	sum, known := checksum.ByName(c.Name)
	if !known {
		return []string{fmt.Sprintf("unknown checksum %q: one of %s", c.Name, strings.Join(checksum.Names(), ", "))}
	}
	if c.Over != "body" && c.Over != "all" {
		return []string{fmt.Sprintf("checksum over %q: body or all", c.Over)}
	}
	if c.Length < 1 || c.Length > 64 || sum("keywright", c.Length) == "" {
		return []string{fmt.Sprintf("checksum length %d: %s needs more digits, at most 64", c.Length, c.Name)}
	}
	return nil
}

// check also computes MaxBytes when it is left out and the expression has an end.
func (r *Regex) check() []string {
	tree, err := syntax.Parse(r.Source(), syntax.Perl)
	if err != nil {
		return []string{fmt.Sprintf("expr is no RE2: %v", err)}
	}
	if r.Secret != "" && !slices.Contains(tree.CapNames(), r.Secret) {
		return []string{fmt.Sprintf("expr has no group (?P<%s>…)", r.Secret)}
	}
	out := r.checkLiterals(tree)
	most := longest(tree)
	switch {
	case r.MaxBytes == 0 && most == unbounded:
		out = append(out, "expr has no end: give repetitions one, as {1,200}, or set max_bytes; a longer match is then not reported")
	case r.MaxBytes == 0:
		r.MaxBytes = most
	case most > r.MaxBytes:
		out = append(out, fmt.Sprintf("expr matches up to %d bytes, max_bytes says %d", most, r.MaxBytes))
	}
	if r.MaxBytes > maxMatchBytes {
		out = append(out, fmt.Sprintf("matches may have %d bytes, the cap is %d", r.MaxBytes, maxMatchBytes))
	}
	return out
}

func (r *Regex) checkLiterals(tree *syntax.Regexp) []string {
	var out []string
	if len(r.Literals) == 0 {
		out = append(out, "regex needs literals: texts of which each match contains one")
	}
	lower := make([]string, len(r.Literals))
	for i, literal := range r.Literals {
		lower[i] = literal
		if r.FoldCase {
			lower[i] = strings.ToLower(literal)
		}
		if len(literal) < minLiteralBytes || !printable(literal) && !printable(strings.ReplaceAll(literal, " ", "")) {
			out = append(out, fmt.Sprintf("literal %q: printable ASCII, %d bytes or more", literal, minLiteralBytes))
		}
	}
	if len(out) == 0 && !requires(tree, lower, r.FoldCase) {
		out = append(out, fmt.Sprintf("a match need not contain any of the literals %q: findings would be lost", r.Literals))
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

// authGrammar: the places of a request that may carry the secret. Never the path: paths stand in logs.
var authGrammar = regexp.MustCompile(`^(bearer|basic-user|basic-password|(header|query):[A-Za-z0-9_-]+)$`)

func (p *Pattern) checkVerify() []string {
	v := p.Verify
	if v == nil {
		return nil
	}
	var out []string
	u, err := url.Parse(v.URL)
	if err != nil || u.Scheme != "https" || u.User != nil || u.Hostname() == "" || u.Port() != "" {
		return []string{fmt.Sprintf("verify: %q is no https URL without user and port", v.URL)}
	}
	if !slices.Contains(v.Hosts, u.Hostname()) {
		out = append(out, fmt.Sprintf("verify: host %s is not among the vendor's hosts %q", u.Hostname(), v.Hosts))
	}
	if !authGrammar.MatchString(v.Auth) {
		out = append(out, fmt.Sprintf("verify: auth %q is none of bearer, basic-user, basic-password, header:NAME, query:NAME", v.Auth))
	}
	if len(v.Live) == 0 {
		out = append(out, "verify: no status code means live")
	}
	for _, code := range slices.Concat(v.Live, v.Dead) {
		if code < 200 || code > 499 || slices.Contains(v.Live, code) && slices.Contains(v.Dead, code) {
			out = append(out, fmt.Sprintf("verify: status %d cannot tell live from dead", code))
		}
	}
	return out
}

// checkExamples mints every example and tries a regex on it.
func (p *Pattern) checkExamples() []string {
	var out []string
	for _, example := range p.Examples {
		for v := range p.Variants() {
			if text := p.checkExample(example, v); text != "" {
				out = append(out, fmt.Sprintf("example %q: %s", example, text))
			}
		}
	}
	for _, counter := range p.CounterExamples {
		if _, err := p.ExpandVariant(counter.Text, 0); err != nil {
			out = append(out, fmt.Sprintf("counter_example %q: %v", counter.Text, err))
		}
		if counter.Why == "" {
			out = append(out, fmt.Sprintf("counter_example %q: why is it none?", counter.Text))
		}
	}
	return out
}

func (p *Pattern) checkExample(example string, variant int) string {
	expanded, err := p.ExpandVariant(example, variant)
	if err != nil {
		return err.Error()
	}
	if expanded.Secret == "" {
		return "holds no ${secret}"
	}
	if p.Regex == nil {
		return ""
	}
	re, err := regexp.Compile(p.Regex.Source())
	if err != nil {
		return err.Error()
	}
	for _, match := range re.FindAllStringSubmatchIndex(expanded.Text, -1) {
		group := re.SubexpIndex(p.Regex.Secret)
		if p.Regex.Secret == "" {
			group = 0
		}
		if match[2*group] >= 0 && expanded.Text[match[2*group]:match[2*group+1]] == expanded.Secret {
			return ""
		}
	}
	return "the expression does not find the minted secret"
}
