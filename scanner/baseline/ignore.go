package baseline

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// IgnoreFile is the name of a repository's ignore file.
const IgnoreFile = ".keywrightignore"

// Ignore is one line of an ignore file: a fingerprint or a glob of paths, and the reason.
type Ignore struct {
	Fingerprint string // empty when it is a glob
	Glob        string
	Reason      string

	at string // file:line
}

// LoadIgnore reads an ignore file. Errors name the file and the line; a file that is not there is fs.ErrNotExist.
func LoadIgnore(path string) ([]Ignore, error) {
	f, err := open(path)
	if err != nil {
		return nil, fmt.Errorf("read the ignore file: %w", err)
	}
	defer func() { _ = f.Close() }()
	return ReadIgnore(path, f)
}

// ReadIgnore reads the lines of an ignore file; name stands for it in errors.
//
// Each line is `fp1_… # reason` or `testdata/** # reason`. Empty lines and lines that begin with # are
// skipped. A line without a reason is an error.
func ReadIgnore(name string, r io.Reader) ([]Ignore, error) {
	var rules []Ignore
	err := eachLine(name, r, func(number int, text []byte) error {
		line := strings.TrimSpace(string(text))
		if line == "" || line[0] == '#' {
			return nil
		}
		rule, err := parseIgnore(line)
		rule.at = fmt.Sprintf("%s:%d", name, number)
		rules = append(rules, rule)
		return err
	})
	if err != nil {
		return nil, err
	}
	return rules, nil
}

func parseIgnore(line string) (Ignore, error) {
	what, reason, _ := strings.Cut(line, " #")
	what, reason = strings.TrimSpace(what), strings.TrimSpace(reason)
	if reason == "" {
		return Ignore{}, errors.New("no reason: write ` # ` and why behind it")
	}
	if fingerprintShape().MatchString(what) {
		return Ignore{Fingerprint: what, Reason: reason}, nil
	}
	if strings.HasPrefix(what, "fp1_") || strings.HasPrefix(what, "fp1s_") {
		return Ignore{}, errors.New("no fingerprint: fp1_ or fp1s_ and 40 hex digits")
	}
	if what == "**" || what == "*" || what == "**/*" {
		return Ignore{}, errors.New("the glob matches every path: that is no scan")
	}
	if len(what) > maxGlobBytes {
		return Ignore{}, fmt.Errorf("a glob of more than %d bytes", maxGlobBytes)
	}
	return Ignore{Glob: what, Reason: reason}, nil
}
