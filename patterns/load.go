package patterns

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// rulesText is a rules file as read.
type rulesText struct {
	name string
	data []byte
}

// makeSet parses the files side by side: the catalogue is read at the start of each scan.
func makeSet(rules []rulesText, check func(*parsedFile) []Problem) (*Set, []Problem, error) {
	parsed := make([]*parsedFile, len(rules))
	found := make([][]Problem, len(rules))
	var wait sync.WaitGroup
	for i, text := range rules {
		wait.Go(func() {
			parsed[i], found[i] = parse(text.name, text.data)
			if len(found[i]) == 0 {
				found[i] = check(parsed[i])
			}
		})
	}
	wait.Wait()
	var all []*Pattern
	var off []disabled
	for i, file := range parsed {
		if len(found[i]) == 0 {
			all = append(all, file.patterns...)
			off = append(off, file.disabled...)
		}
	}
	set, err := NewSet(digest(rules), all...)
	if err != nil {
		return nil, slices.Concat(found...), err
	}
	set.disabled = off
	return set, slices.Concat(found...), nil
}

// digest names the content: the first 12 hex digits of SHA-256 over the files in order, each with its length.
func digest(rules []rulesText) string {
	sum := sha256.New()
	for _, text := range rules {
		_, _ = fmt.Fprintf(sum, "%d\n", len(text.data))
		sum.Write(text.data)
	}
	return hex.EncodeToString(sum.Sum(nil))[:12]
}

// Load reads users' rules files. A path that is a folder stands for the *.yaml and *.yml in it, at any depth.
//
// The problems are what is wrong in the files; a file with a problem gives no pattern to the set, so a caller
// that was asked for these rules must not go on as if they ran. The error is about the paths or about two
// files that claim one id. Ids that the files disable take effect in [Merge].
func Load(paths []string) (*Set, []Problem, error) {
	var rules []rulesText
	for _, path := range paths {
		names, err := ruleFiles(path)
		if err != nil {
			return nil, nil, err
		}
		if len(rules)+len(names) > maxRuleFiles {
			return nil, nil, fmt.Errorf("read rules: more than %d files under %s", maxRuleFiles, strings.Join(paths, ", "))
		}
		for _, name := range names {
			text, err := readRules(name)
			if err != nil {
				return nil, nil, err
			}
			rules = append(rules, text)
		}
	}
	return makeSet(rules, func(f *parsedFile) []Problem { return f.check(userFile) })
}

func ruleFiles(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read rules: %w", err)
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	var names []string
	err = filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() && slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(name)) {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read rules: %w", err)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("read rules: no *.yaml in %s", path)
	}
	return names, nil
}

func readRules(name string) (rulesText, error) {
	info, err := os.Stat(name)
	if err != nil {
		return rulesText{}, fmt.Errorf("read rules: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxRuleFileBytes {
		return rulesText{}, fmt.Errorf("read rules: %s is no regular file of at most %d bytes", name, maxRuleFileBytes)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return rulesText{}, fmt.Errorf("read rules: %w", err)
	}
	return rulesText{name, data}, nil
}

// Merge joins sets in order. What a set's files disable is taken from the sets before it; then that set may
// bring a pattern of the same id. Each id that nothing before it has is a [Problem] in the joined error.
func Merge(sets ...*Set) (*Set, error) {
	var all []*Pattern
	var versions []string
	var errs []error
	for _, set := range sets {
		for _, off := range set.disabled {
			kept := slices.DeleteFunc(slices.Clone(all), func(p *Pattern) bool { return p.ID == off.id || slices.Contains(p.Replaces, off.id) })
			if len(kept) == len(all) {
				errs = append(errs, Problem{File: off.origin.File, Line: off.origin.Line, Text: fmt.Sprintf("disable: no pattern %q: %s", off.id, nearest(all, off.id))})
			}
			all = kept
		}
		all = append(all, set.all...)
		versions = append(versions, set.version)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return NewSet(strings.Join(versions, "+"), all...)
}

// nearest tells a person what the id may have been.
func nearest(all []*Pattern, id ID) string {
	vendor, _, _ := strings.Cut(string(id), ".")
	var names []string
	for _, p := range all {
		if strings.HasPrefix(string(p.ID), vendor+".") {
			names = append(names, string(p.ID))
		}
	}
	if len(names) == 0 {
		return "see `keywright rules list`"
	}
	slices.SortFunc(names, cmp.Compare[string])
	return "there are " + strings.Join(names, ", ")
}
