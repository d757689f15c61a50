package gitsource

import "strings"

// storageConfig is the little that must be known of a repository's configuration to read its objects.
type storageConfig struct {
	format  objectFormat
	refs    string // "", "files", "reftable"
	unknown string // an object format that this package does not know
}

// parseConfig reads the [extensions] section of a git configuration. Includes are not followed, nothing else is
// looked at, and lines that git would refuse are passed over.
func parseConfig(data []byte) storageConfig {
	c := storageConfig{}
	section := ""
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			name, rest, _ := strings.Cut(line[1:], "]")
			section, line = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(rest)
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok || section != "extensions" {
			continue
		}
		c.set(strings.ToLower(strings.TrimSpace(key)), configValue(value))
	}
	return c
}

func (c *storageConfig) set(key, value string) {
	switch key {
	case "objectformat":
		c.format, c.unknown = objectFormat(value), ""
		if c.format != formatSHA1 && c.format != formatSHA256 {
			c.format, c.unknown = "", value
		}
	case "refstorage":
		c.refs = value
	}
}

// configValue drops a comment, quotes and white space. Values of the keys read here need no escapes.
func configValue(text string) string {
	if at := strings.IndexAny(text, "#;"); at >= 0 {
		text = text[:at]
	}
	return strings.ToLower(strings.Trim(strings.TrimSpace(text), `"`))
}
