package patterns

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const soundRules = `vendor: acme
hosts: [api.acme.example]
patterns:
- id: acme.key
  name: Acme key
  format: {prefix: acme_, body: {alphabet: base62, length: 20}}
  verify: {get: "https://api.acme.example/me", auth: "header:X-Key", live: [200], dead: [401]}
  examples: ['KEY=${secret}']
`

func TestTheBuiltinCatalogueKeepsEveryRuleOfItsKind(t *testing.T) {
	t.Parallel()
	set, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range set.All() {
		for _, problem := range p.check(builtinFile) {
			t.Error(problem)
		}
		if p.EntropyBits() == 0 {
			t.Errorf("%s: the number of random bits is not known", p.ID)
		}
		for _, id := range p.SharedWith {
			if _, known := set.ByID(id); !known {
				t.Errorf("%s: shared_with names %q, which is no pattern", p.ID, id)
			}
		}
	}
	if _, ok := set.ByID(OwnID); !ok {
		t.Errorf("the catalogue lacks %s", OwnID)
	}
	if len(set.Version()) != 12 {
		t.Errorf("version %q is not 12 digits", set.Version())
	}
}

func TestParseReadsTheShortForms(t *testing.T) {
	t.Parallel()
	got, err := Parse("acme.yaml", []byte(soundRules))
	if err != nil {
		t.Fatal(err)
	}
	p := got[0]
	if len(got) != 1 || p.ID != "acme.key" || p.Vendor != "acme" || p.Origin != (Origin{"acme.yaml", 4}) {
		t.Errorf("read %d patterns, the first is %q of %q at %v", len(got), p.ID, p.Vendor, p.Origin)
	}
	if part := p.Format.Parts[0]; !p.Format.Boundary || part.Min != 20 || part.Max != 20 {
		t.Errorf("the format is %+v", p.Format)
	}
	if p.Verify.Method != "GET" || p.Verify.Hosts[0] != "api.acme.example" {
		t.Errorf("the check is %+v", p.Verify)
	}
}

func TestParseSaysWhatIsWrongAndWhere(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, old, new, want string }{
		{"an unknown key", "name: Acme key", "nam: Acme key", `acme.yaml:5: unknown field "nam"`},
		{"a key that stands twice", "name: Acme key", "name: a\n  name: b", `acme.yaml:6: mapping key "name" already defined`},
		{"a wrong type", "length: 20", "length: many", "acme.yaml:6: "},
		{"a broken text", "vendor: acme", "vendor: [acme", "acme.yaml:"},
		{"nothing", soundRules, "# nothing\n", "acme.yaml: holds no rules"},
		{"a second document", "vendor: acme", "disable: [a.b]\n---\nvendor: acme", "acme.yaml:3: a second document"},
		{"an anchor", "name: Acme key", "name: &a Acme key", "acme.yaml:5: anchors, aliases and tags"},
		{"a tag, on which the YAML library panics", "hosts: [api.acme.example]", "hosts: !0\ndisable:\n  a: 0\n  b: 0", "acme.yaml:2: anchors, aliases and tags"},
		{"no vendor", "vendor: acme", "evidence: assumed", "acme.yaml:4: pattern acme.key: the file names no vendor"},
		{"an id of another vendor", "id: acme.key", "id: other.key", `must begin with the vendor, "acme."`},
		{"an id in upper case", "id: acme.key", "id: acme.Key", "acme.yaml:4: pattern acme.Key: id"},
		{"no name", "name: Acme key", "name: ''", "has no name"},
		{"an unknown exposure", "name: Acme key", "name: a\n  exposure: wide", `exposure "wide"`},
		{"an unknown evidence", "name: Acme key", "name: a\n  evidence: rumour", `evidence "rumour"`},
		{"neither format nor regex", "  format: {prefix: acme_, body: {alphabet: base62, length: 20}}\n", "", "needs either format or regex"},
		{"both", "name: Acme key", "name: a\n  regex: {expr: abc, literals: [abc]}", "needs either format or regex"},
		{"two prefixes", "prefix: acme_", "prefix: acme_, prefixes: [acme-]", "prefix and prefixes"},
		{"body and parts", "prefix: acme_,", "prefix: acme_, parts: [{literal: abc}],", "body and parts"},
		{"length and min", "length: 20", "length: 20, min: 3", "length and min or max"},
		{"a short prefix", "prefix: acme_", "prefix: ac", "shorter than 3 bytes"},
		{"no prefix", "prefix: acme_, ", "", "needs a prefix or a literal part"},
		{"a prefix with blanks", "prefix: acme_", "prefix: 'ac me'", "printable ASCII without blanks"},
		{"an unknown alphabet", "alphabet: base62", "alphabet: base63", `unknown alphabet "base63"`},
		{"a run of no length", ", length: 20", "", "needs length"},
		{"a run that ends before it starts", "length: 20", "min: 20, max: 3", "needs length"},
		{"a run that swallows the next part", "body: {alphabet: base62, length: 20}", "parts: [{alphabet: base62, min: 3, max: 9}, {literal: abc}]", "use regex"},
		{"a first run that holds the equals sign", "alphabet: base62", "alphabet: base64", "leave = out"},
		{"a literal with a length", "body: {alphabet: base62, length: 20}", "parts: [{literal: abc, length: 3}, {alphabet: hex, length: 9}]", "a length of its own"},
		{"an unknown checksum", "length: 20}", "length: 20}, checksum: {name: md5, over: all, length: 6}", `unknown checksum "md5"`},
		{"a checksum over nothing", "length: 20}", "length: 20}, checksum: {name: crc32-base62, over: half, length: 6}", `over "half"`},
		{"a checksum that is too short", "length: 20}", "length: 20}, checksum: {name: crc32-base62, over: all, length: 2}", "needs more digits"},
		{"a free prefix without a checksum", "prefix: acme_,", "free_prefix: true,", "checksum over all"},
		{"no example", "  examples: ['KEY=${secret}']\n", "", "has 0 examples"},
		{"an example without a secret", "KEY=${secret}", "KEY=x", "holds no ${secret}"},
		{"an unknown form", "KEY=${secret}", "KEY=${secret.rot13}", "unknown form"},
		{"a check without https", "https://api", "http://api", "no https URL"},
		{"a check at another host", "https://api.acme", "https://api.evil", "not among the vendor's hosts"},
		{"a check with a port", "acme.example/me", "acme.example:8443/me", "without user and port"},
		{"a check that sends the secret in the path", "header:X-Key", "path", `auth "path"`},
		{"a status that means both", "dead: [401]", "dead: [200]", "cannot tell live from dead"},
		{"a check without a live status", "live: [200]", "live: []", "no status code means live"},
		{"a source without a date", "name: Acme key", "name: a\n  sources: [{url: 'https://acme.example', checked: soon, says: x}]", "no date"},
		{"a source that is no page", "name: Acme key", "name: a\n  sources: [{url: here, checked: 2026-11-24, says: x}]", "no https URL"},
		{"a reject rule without a text", "name: Acme key", "name: a\n  reject: [{name: sample}]", "one of contains, prefix, suffix"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(soundRules, test.old, test.new, 1)
			if text == soundRules {
				t.Fatalf("the rules hold no %q", test.old)
			}
			_, err := Parse("acme.yaml", []byte(text))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestRulesHaveCaps(t *testing.T) {
	t.Parallel()
	many := strings.Repeat("abc, ", maxTexts) + "abc"
	long := strings.Repeat("a", maxTextBytes+1)
	for _, test := range []struct{ name, old, new, want string }{
		{"too many keywords", "name: Acme key", "name: a\n  keywords: [" + many + "]", "keywords: at most"},
		{"too long an example", "KEY=", long, "examples: at most"},
		{"too many prefixes", "prefix: acme_", "prefixes: [" + many + "]", "prefixes: at most"},
		{"too long an id", "id: acme.key", "id: acme." + long, "at most 64 bytes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse("acme.yaml", []byte(strings.Replace(soundRules, test.old, test.new, 1)))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %.200v, want %s", err, test.want)
			}
		})
	}
}

func TestRegexRules(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, regex, want string }{
		{"a sound one", `{expr: 'acme-[0-9]{8}', literals: [acme-], mint: 'acme-{digits:8}'}`, ""},
		{"a group of the secret", `{expr: 'acme=(?P<key>[0-9]{8})', literals: [acme=], secret: key, mint: '{digits:8}'}`, ""},
		{"no RE2", `{expr: 'acme-(?=[0-9])', literals: [acme-], mint: x}`, "no RE2"},
		{"no literals", `{expr: 'acme-[0-9]{8}', mint: 'acme-{digits:8}'}`, "needs literals"},
		{"a short literal", `{expr: 'acme-[0-9]{8}', literals: [ac], mint: 'acme-{digits:8}'}`, "3 bytes or more"},
		{"a literal that a match need not hold", `{expr: '(acme-)?[0-9]{8}', literals: [acme-], mint: 'acme-{digits:8}'}`, "findings would be lost"},
		{"no end", `{expr: 'acme-[0-9]+', literals: [acme-], mint: 'acme-{digits:8}'}`, "has no end"},
		{"no end, with a window", `{expr: 'acme-[0-9]+', literals: [acme-], max_bytes: 100, mint: 'acme-{digits:8}'}`, ""},
		{"a window that is too small", `{expr: 'acme-[0-9]{8}', literals: [acme-], max_bytes: 9, mint: 'acme-{digits:8}'}`, "max_bytes says 9"},
		{"a window over the cap", `{expr: 'acme-[0-9]+', literals: [acme-], max_bytes: 9000, mint: 'acme-{digits:8}'}`, "the cap is 8192"},
		{"an unknown group", `{expr: 'acme-[0-9]{8}', literals: [acme-], secret: key, mint: 'acme-{digits:8}'}`, "no group"},
		{"no template", `{expr: 'acme-[0-9]{8}', literals: [acme-]}`, "no mint template"},
		{"a broken template", `{expr: 'acme-[0-9]{8}', literals: [acme-], mint: 'acme-{digits'}`, "a single brace"},
		{"a template of another shape", `{expr: 'acme-[0-9]{8}', literals: [acme-], mint: 'acme-{lower:8}'}`, "does not find the minted secret"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			text := "vendor: acme\npatterns:\n- id: acme.key\n  name: k\n  regex: " + test.regex + "\n  examples: ['acme=${secret}']\n"
			got, err := Parse("acme.yaml", []byte(text))
			if test.want == "" {
				if err != nil || got[0].Regex.MaxBytes == 0 {
					t.Errorf("got %v", err)
				}
			} else if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func writeRules(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestLoadReadsFilesAndFolders(t *testing.T) {
	t.Parallel()
	dir := writeRules(t, map[string]string{
		"acme.yaml":     soundRules,
		"sub/other.yml": strings.ReplaceAll(soundRules, "acme", "other"),
		"README.md":     "not rules",
	})
	set, problems, err := Load([]string{dir})
	if err != nil || len(problems) > 0 || set.Len() != 2 {
		t.Fatalf("got %v, %v", problems, err)
	}
	again, _, err := Load([]string{dir})
	if err != nil || set.Version() != again.Version() {
		t.Errorf("the same files have the versions %s and %s (%v)", set.Version(), again.Version(), err)
	}
	one, _, err := Load([]string{filepath.Join(dir, "acme.yaml")})
	if err != nil || one.Version() == set.Version() {
		t.Errorf("other files have the same version (%v)", err)
	}
}

func TestLoadReportsProblemsWithTheirPlace(t *testing.T) {
	t.Parallel()
	dir := writeRules(t, map[string]string{"a.yaml": soundRules, "b.yaml": "vendor: b\npatterns:\n- id: b.key\n  nope: 1\n"})
	set, problems, err := Load([]string{dir})
	if err != nil || len(problems) != 1 || set.Len() != 1 {
		t.Fatalf("got %v, %v", problems, err)
	}
	if want := filepath.Join(dir, "b.yaml") + ":4: "; !strings.HasPrefix(problems[0].Error(), want) {
		t.Errorf("got %s, want %s…", problems[0].Error(), want)
	}
}

func TestLoadRefusesWhatIsNoRulesFile(t *testing.T) {
	t.Parallel()
	big := writeRules(t, map[string]string{"big.yaml": strings.Repeat("#", maxRuleFileBytes+1)})
	twice := writeRules(t, map[string]string{"a.yaml": soundRules, "b.yaml": soundRules})
	for _, test := range []struct{ name, path, want string }{
		{"a path that is not there", filepath.Join(t.TempDir(), "none.yaml"), "no such file"},
		{"a folder without rules", t.TempDir(), "no *.yaml"},
		{"a file over the cap", filepath.Join(big, "big.yaml"), "at most 1048576 bytes"},
		{"a device", os.DevNull, "no regular file"},
		{"two files of one id", twice, `id "acme.key" is taken by acme.key (` + twice},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if _, _, err := Load([]string{test.path}); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	base := mustParse(t, "base", soundRules)
	for _, test := range []struct{ name, rules, want string }{
		{"a rule that comes to the others", strings.ReplaceAll(soundRules, "acme.key", "acme.other"), ""},
		{"a disabled rule", "disable: [acme.key]\n", ""},
		{"a disabled rule and its successor", "disable: [acme.key]\n" + soundRules, ""},
		{"an id that is taken", soundRules, "is taken by acme.key"},
		{"an unknown id", "disable:\n- acme.kee\n", "user.yaml:2: disable: no pattern \"acme.kee\": there are acme.key"},
		{"an unknown vendor", "disable: [zeta.key]\n", "see `keywright rules list`"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			set, err := Merge(base, mustParse(t, "user.yaml", test.rules))
			if test.want != "" {
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("got %v, want %s", err, test.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			p, found := set.ByID("acme.key")
			if strings.Contains(test.rules, "disable") && found && p.Origin.File == "base" {
				t.Error("the disabled rule is still there")
			}
		})
	}
}

func mustParse(t *testing.T, name, text string) *Set {
	t.Helper()
	set, problems, err := makeSet([]rulesText{{name, []byte(text)}}, func(f *parsedFile) []Problem { return f.check(userFile) })
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	return set
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(soundRules))
	f.Add([]byte("disable: [a.b]"))
	f.Add([]byte("a: &a [*a]"))
	f.Add([]byte("vendor: a\npatterns:\n- id: a.b\n  regex: {expr: '(abc)+', literals: [abc], mint: '{jwt}'}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := Parse("f.yaml", data)
		if err == nil && len(got) == 0 && !strings.Contains(string(data), "disable") {
			t.Error("neither patterns nor an error")
		}
	})
}

func BenchmarkReadBuiltin(b *testing.B) {
	for b.Loop() {
		if _, err := readBuiltin(); err != nil {
			b.Fatal(err)
		}
	}
}

func TestTheDocumentedExampleIsSound(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/pattern-format.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "```yaml\nvendor:")
	example, _, closed := strings.Cut(rest, "```")
	if !found || !closed {
		t.Fatal("the page has no whole example")
	}
	if _, err := Parse("docs/pattern-format.md", []byte("vendor:"+example)); err != nil {
		t.Error(err)
	}
	for _, name := range AlphabetNames() {
		if !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("the page does not name the alphabet %s", name)
		}
	}
}
