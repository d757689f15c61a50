package patterns

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// Expansion is an example with a synthetic secret in the place of its ${secret} forms.
type Expansion struct {
	Text string
	// Secret is what a scanner must find: the text that stands for ${secret} or ${secret.json}; empty when
	// the example has only broken forms.
	Secret string
}

// runForm is ${run:alphabet:length}, for what stands beside a secret: hashes, ids of other kinds.
var runForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\$\{run:([^{}]+)\}`) })

// maxForms bounds an expansion: each form may stand for a text of maxMatchBytes.
const maxForms = 16

// secretForm is one ${secret} or ${secret.form}. Other ${…} are text: examples show shell and CI variables.
var secretForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\$\{secret(?:\.([^}]*))?\}`) })

// Expand replaces each ${secret} form of an example by a synthetic secret and returns the text and the
// secret. The forms: ${secret}; ${secret.json} with line ends as \n; and, broken, ${secret.bad_checksum},
// ${secret.truncated}, ${secret.longer}, ${secret.wrong_alphabet}. Besides, ${run:hex-lower:40} is a run of an
// alphabet that is no secret.
// Errors: an unknown form; a form that the pattern cannot have, such as bad_checksum without a checksum.
func (p *Pattern) Expand(example string) (text, secret string, err error) {
	e, err := p.ExpandVariant(example, 0)
	return e.Text, e.Secret, err
}

// ExpandVariant is Expand with one of the pattern's [Pattern.Variants].
func (p *Pattern) ExpandVariant(example string, variant int) (Expansion, error) {
	if strings.Count(example, "${") > maxForms {
		return Expansion{}, fmt.Errorf("more than %d ${…} in one text", maxForms)
	}
	var out Expansion
	var failed error
	out.Text = secretForm().ReplaceAllStringFunc(example, func(form string) string {
		text, whole, err := p.form(secretForm().FindStringSubmatch(form)[1], variant)
		if err != nil && failed == nil {
			failed = fmt.Errorf("%s: %w", form, err)
		}
		if whole {
			out.Secret = text
		}
		return text
	})
	m := minter{source: stream(p.ID, "run", variant), variant: variant}
	out.Text = runForm().ReplaceAllStringFunc(out.Text, func(form string) string {
		piece, err := parseDirective(runForm().FindStringSubmatch(form)[1])
		if err != nil || piece.table == nil {
			failed = fmt.Errorf("%s: write ${run:alphabet:length}", form)
			return ""
		}
		return m.render(piece)
	})
	if failed != nil {
		return Expansion{}, failed
	}
	return out, nil
}

// exampleSeed is the seed of all examples; more than one credential of a pattern stands in no example.
const exampleSeed = "example"

func (p *Pattern) form(name string, variant int) (text string, whole bool, err error) {
	switch name {
	case "":
		text, err = p.mint(exampleSeed, variant, everyLength)
		return text, true, err
	case "json":
		text, err = p.mint(exampleSeed, variant, everyLength)
		return strings.ReplaceAll(text, "\n", `\n`), true, err
	case "bad_checksum":
		text, err = p.badChecksum(variant)
	case "truncated":
		text, err = p.mint(exampleSeed, variant, shortest)
		text = text[:(len(text)+1)/2]
	case "longer":
		text, err = p.longer(variant)
	case "wrong_alphabet":
		text, err = p.wrongAlphabet(variant)
	default:
		err = fmt.Errorf("unknown form, use json, bad_checksum, truncated, longer or wrong_alphabet")
	}
	return text, false, err
}

func (p *Pattern) badChecksum(variant int) (string, error) {
	if p.Format == nil || p.Format.Checksum == nil {
		return "", fmt.Errorf("pattern %s has no checksum", p.ID)
	}
	text, err := p.mint(exampleSeed, variant, everyLength)
	if err != nil {
		return "", err
	}
	last := len(text) - 1
	if text[last] == '0' { // 0 and 1 are digits of every base
		return text[:last] + "1", nil
	}
	return text[:last] + "0", nil
}

// longer is a credential in a run that goes on.
func (p *Pattern) longer(variant int) (string, error) {
	text, err := p.mint(exampleSeed, variant, longestLength)
	if err != nil {
		return "", err
	}
	pieces, err := p.body()
	if err != nil {
		return "", err
	}
	run, ok := last(pieces)
	if !ok || run.max == 0 {
		return "", fmt.Errorf("pattern %s has no end that could be passed", p.ID)
	}
	m := minter{source: stream(p.ID, "longer", variant)}
	return text + m.run(mintable(run.table), 8), nil
}

func last(pieces []piece) (piece, bool) {
	for i := len(pieces) - 1; i >= 0; i-- {
		if pieces[i].table != nil {
			return pieces[i], true
		}
	}
	return piece{}, false
}

// wrongAlphabet is a credential with one byte in the middle of its longest run that cannot stand there.
func (p *Pattern) wrongAlphabet(variant int) (string, error) {
	pieces, err := p.body()
	if err != nil {
		return "", err
	}
	m := minter{source: stream(p.ID, exampleSeed, variant), variant: variant, lengths: shortest}
	longest, at := -1, 0
	var body strings.Builder
	for i, piece := range pieces {
		if piece.table != nil && (longest < 0 || piece.min > pieces[longest].min) {
			longest, at = i, body.Len()+piece.min/2
		}
		body.WriteString(m.render(piece))
	}
	if longest < 0 {
		return "", fmt.Errorf("pattern %s has no run of an alphabet", p.ID)
	}
	broken := []byte(body.String())
	broken[at] = foreign(pieces[longest].table)
	if p.Format == nil {
		return string(broken), nil
	}
	return p.Format.frame(string(broken), variant)
}

// foreign is a byte outside the alphabet, a plausible one if there is one.
func foreign(table *[256]bool) byte {
	for _, c := range []byte("gG-!@") {
		if !table[c] {
			return c
		}
	}
	return ' '
}
