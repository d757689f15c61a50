package patterns

import (
	"math"
	"regexp/syntax"
	"strings"
	"testing"

	"github.com/keywright/keywright/internal/checksum"
)

func builtinSet(t *testing.T) *Set {
	t.Helper()
	set, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestMintGivesTheSameBytesForTheSameSeedOnly(t *testing.T) {
	t.Parallel()
	for _, p := range builtinSet(t).All() {
		one, err := Mint(p, "a")
		if err != nil {
			t.Error(err)
			continue
		}
		again, _ := Mint(p, "a")
		other, _ := Mint(p, "b")
		if one != again {
			t.Errorf("%s: one seed gave two credentials", p.ID)
		}
		if one == other {
			t.Errorf("%s: two seeds gave one credential", p.ID)
		}
	}
}

func TestAMintedKeyOfOursHasTheFormat(t *testing.T) {
	t.Parallel()
	own, ok := builtinSet(t).ByID(OwnID)
	if !ok {
		t.Fatal("no own pattern")
	}
	key, err := Mint(own, "")
	if err != nil {
		t.Fatal(err)
	}
	body := key[strings.LastIndexByte(key, '_')+1:]
	if len(body) != 51 || body[42:45] != "Kw1" || checksum.CRC32Base62(key[:len(key)-6], 6) != body[45:] {
		t.Error("the minted key is not prefix, 42 base62, Kw1, CRC-32 of all before in 6")
	}
}

func TestVariantsShowEveryPrefixAndTheExtremesOfEveryLength(t *testing.T) {
	t.Parallel()
	p := &Pattern{ID: "acme.key", Format: &Format{Prefixes: []string{"a1_", "b2_", "c3_", "d4_"}, Parts: []Part{{Alphabet: "digits", Min: 3, Max: 9}}}}
	seen := map[string]bool{}
	for v := range p.Variants() {
		e, err := p.ExpandVariant("${secret}", v)
		if err != nil {
			t.Fatal(err)
		}
		seen[e.Secret[:3]] = true
		seen[strings.Repeat("9", len(e.Secret)-3)] = true
	}
	for _, want := range []string{"a1_", "b2_", "c3_", "d4_", "999", "999999999"} {
		if !seen[want] {
			t.Errorf("no variant shows %s", want)
		}
	}
}

func TestExpand(t *testing.T) {
	t.Parallel()
	p := &Pattern{ID: "acme.key", Format: &Format{
		Prefix: "acme_", Parts: []Part{{Alphabet: "base62", Min: 20, Max: 20}},
		Checksum: &Checksum{Name: "crc32-base62", Over: "body", Length: 6},
	}}
	_, secret, err := p.Expand("${secret}")
	if err != nil || len(secret) != 31 || checksum.CRC32Base62(secret[5:25], 6) != secret[25:] {
		t.Fatalf("${secret} has no valid checksum over its body (%v)", err)
	}
	for _, test := range []struct{ name, form, want string }{
		{"a bad checksum differs in the last digit", "${secret.bad_checksum}", secret[:30]},
		{"a truncated one is half of it", "${secret.truncated}|", secret[:16] + "|"},
		{"a longer one goes on", "${secret.longer}", secret},
		{"a wrong alphabet keeps the prefix", "${secret.wrong_alphabet}", "acme_"},
		{"other variables are text", "${SECRET} ${{ secrets.X }}", "${SECRET} ${{ secrets.X }}"},
		{"a run stands beside it", "${run:[A-A]:3}${secret}", "AAA" + secret},
		{"a secret may stand twice", "${secret} ${secret}", secret + " " + secret},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			text, _, err := p.Expand(test.form)
			if err != nil || !strings.HasPrefix(text, test.want) {
				t.Fatalf("the text has another start (%v)", err)
			}
			if text == secret {
				t.Error("the broken form is whole")
			}
		})
	}
	if text, _, err := p.Expand("${secret.wrong_alphabet}"); err != nil || strings.Trim(text[5:25], checksum.Base62) == "" {
		t.Errorf("the wrong alphabet holds nothing foreign (%v)", err)
	}
}

func TestExpandRefuses(t *testing.T) {
	t.Parallel()
	open := &Pattern{ID: "acme.key", Format: &Format{Prefix: "acme_", Parts: []Part{{Alphabet: "base62", Min: 20}}}}
	fixed := &Pattern{ID: "acme.key", Regex: &Regex{Mint: "acme"}}
	for _, test := range []struct {
		name    string
		pattern *Pattern
		form    string
	}{
		{"an unknown form", open, "${secret.rot13}"},
		{"a bad checksum where there is none", open, "${secret.bad_checksum}"},
		{"a longer one where no end is known", open, "${secret.longer}"},
		{"a wrong alphabet where no run is", fixed, "${secret.wrong_alphabet}"},
		{"too many forms", fixed, strings.Repeat("${secret}", maxForms+1)},
		{"a run of no length", open, "${run:hex}"},
		{"a regex without a template", &Pattern{ID: "acme.key", Regex: &Regex{}}, "${secret}"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if _, _, err := test.pattern.Expand(test.form); err == nil {
				t.Errorf("%s was accepted", test.form)
			}
		})
	}
}

func TestTemplates(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, template, starts, ends string }{
		{"literal text", "abc", "abc", "abc"},
		{"doubled braces are braces", "{{a}}", "{a", "a}"},
		{"a choice takes the first option first", "{one|two}-{hex:4}", "one-", ""},
		{"a set", "{[A-B]:3}.", "", "."},
		{"a PEM block", "{pem:EC PRIVATE KEY}", "-----BEGIN EC PRIVATE KEY-----\nMI", "==\n-----END EC PRIVATE KEY-----"},
		{"a PGP block has a blank line and a checksum", "{pem:PGP PRIVATE KEY BLOCK}", "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQ", "-----END PGP PRIVATE KEY BLOCK-----"},
		{"a web token", "{jwt}", "eyJ", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := Mint(&Pattern{ID: "acme.key", Regex: &Regex{Mint: test.template}}, "")
			if err != nil || !strings.HasPrefix(got, test.starts) || !strings.HasSuffix(got, test.ends) {
				t.Errorf("%s gave a text of another start or end (%v)", test.template, err)
			}
		})
	}
	for _, broken := range []string{"{", "}", "a{b", "{}", "{x}", "{hex:}", "{hex:0}", "{hex:9-3}", "{nope:3}", "{hex:99999}", "a}b", "{hex:8000}{hex:8000}"} {
		if _, err := parseTemplate(broken); err == nil {
			t.Errorf("%s was accepted", broken)
		}
	}
}

func TestEntropyBits(t *testing.T) {
	t.Parallel()
	run := Part{Alphabet: "hex-lower", Min: 10, Max: 20}
	for _, test := range []struct {
		name    string
		pattern Pattern
		want    float64
	}{
		{"a run counts at its shortest", Pattern{Format: &Format{Parts: []Part{run}}}, 40},
		{"literals count nothing", Pattern{Format: &Format{Prefix: "abc", Parts: []Part{run, {Literal: "xyz"}, run}}}, 80},
		{"a declared number counts", Pattern{RandomBits: 64, Format: &Format{Parts: []Part{run}}}, 64},
		{"a regex counts by its template", Pattern{Regex: &Regex{Mint: "abc{base32-upper:16}"}}, 80},
		{"a regex without a template is not known", Pattern{Regex: &Regex{}}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := test.pattern.EntropyBits(); math.Abs(got-test.want) > 0.01 {
				t.Errorf("got %.2f bits, want %.2f", got, test.want)
			}
		})
	}
}

func TestRequiredLiterals(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, expr string
		literals   []string
		fold, want bool
	}{
		{"a literal at the start", `ghp_[a-z]{3}`, []string{"ghp_"}, false, true},
		{"a literal in the middle", `[a-z]{20,74}T3BlbkFJ[a-z]{20}`, []string{"T3BlbkFJ"}, false, true},
		{"a literal that a class completes", `SK[0-1]{32}`, []string{"SK0", "SK1"}, false, true},
		{"one text of a class is missing", `SK[0-2]{32}`, []string{"SK0", "SK1"}, false, false},
		{"every alternative has one", `(?:ghp|gho)_x`, []string{"ghp_", "gho_"}, false, true},
		{"one alternative has none", `(?:ghp_|gh)x`, []string{"ghp_"}, false, false},
		{"alternatives with a common start", `(?:cloud[a-z]{0,9}|cf[_-]api)x`, []string{"cloud", "cf_api", "cf-api"}, false, true},
		{"a part that may be left out", `(?:ghp_)?x{9}`, []string{"ghp_"}, false, false},
		{"a group spans the literal", `(gh)(p)_+x`, []string{"ghp_"}, false, true},
		{"a repetition that must be there", `(?:ab){2,9}`, []string{"abab"}, false, true},
		{"a repetition that need not", `(?:ab){1,9}`, []string{"abab"}, false, false},
		{"a gap breaks the literal", `gh.?p_`, []string{"ghp_"}, false, false},
		{"any case with fold", `(?i)AwS[a-z]{3}`, []string{"aws"}, true, true},
		{"any case without fold", `(?i)aws[a-z]{3}`, []string{"aws"}, false, false},
		{"a boundary is no gap", `\bgh\Bp_`, []string{"ghp_"}, false, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			tree, err := syntax.Parse(test.expr, syntax.Perl)
			if err != nil {
				t.Fatal(err)
			}
			if got := requires(tree, test.literals, test.fold); got != test.want {
				t.Errorf("requires(%s, %q) = %v", test.expr, test.literals, got)
			}
		})
	}
}

func TestLongestMatch(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, expr string
		want       int
	}{
		{"literals and runs add up", `ghp_[a-z]{2,30}`, 34},
		{"the longest alternative counts", `(?:a|bcd)e?`, 4},
		{"a star has no end", `ab*`, unbounded},
		{"nor has a repetition without one", `(?:ab{3,}|c)`, unbounded},
		{"nested repetitions multiply", `(?:a{3}b){2,5}`, 20},
		{"any character may have four bytes", `a.{3}`, 13},
		{"in any case, k and s have longer twins", `(?i)aks`, 6},
		{"boundaries take nothing", `^\ba$`, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			tree, err := syntax.Parse(test.expr, syntax.Perl)
			if err != nil {
				t.Fatal(err)
			}
			if got := longest(tree); got != test.want {
				t.Errorf("longest(%s) = %d, want %d", test.expr, got, test.want)
			}
		})
	}
}

func TestRejects(t *testing.T) {
	t.Parallel()
	p := Pattern{Reject: []Reject{{Name: "sample", Suffix: "EXAMPLE"}, {Name: "zeros", Contains: "0000"}, {Name: "doc", Prefix: "doc_"}}}
	for _, test := range []struct{ name, secret, want string }{
		{"by its end", "AKIA7EXAMPLE", "sample"},
		{"by what it holds", "a00001", "zeros"},
		{"by its start", "doc_1", "doc"},
		{"case counts", "AKIA7example", ""},
		{"others pass", "EXAMPLE1", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got, rejected := p.Rejects(test.secret); got != test.want || rejected != (test.want != "") {
				t.Errorf("got %q, %v", got, rejected)
			}
		})
	}
}

func FuzzTemplate(f *testing.F) {
	for _, seed := range []string{"AKIA{base32-upper:16}", "{a|b}{jwt}", "{pem:RSA PRIVATE KEY}", "{{}}", "{[A-Z]:3-9}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, template string) {
		p := &Pattern{ID: "acme.key", Regex: &Regex{Mint: template}}
		one, err := Mint(p, "")
		if _, parseErr := parseTemplate(template); template != "" && (parseErr == nil) != (err == nil) {
			t.Errorf("parse says %v, mint says %v", parseErr, err)
		}
		if again, _ := Mint(p, ""); one != again {
			t.Error("one seed gave two credentials")
		}
	})
}
