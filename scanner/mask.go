package scanner

import "strings"

// masker hides the secrets that stand in the names around a finding: in a path, a ref, an author, a skip. A
// report of one place must not show what another place leaked.
type masker struct {
	scanner *Scanner
	known   map[string]string
}

func newMasker(s *Scanner) *masker { return &masker{scanner: s, known: map[string]string{}} }

// Mask is text with each secret in it as a finding would show it: for names that stand beside findings, of what is
// scanned for example.
func (s *Scanner) Mask(text string) string { return newMasker(s).text(text) }

func (m *masker) finding(f *Finding) {
	m.location(&f.Location)
	for i := range f.Locations {
		m.location(&f.Locations[i])
	}
	f.Refs = m.names(f.Refs)
}

// names is list, or a copy when one of them has to be masked.
func (m *masker) names(list []string) []string {
	for i, name := range list {
		masked := m.text(name)
		if masked == name {
			continue
		}
		list = append([]string{}, list...)
		for ; i < len(list); i++ {
			list[i] = m.text(list[i])
		}
		break
	}
	return list
}

func (m *masker) location(l *Location) {
	l.Path, l.Ref, l.Author = m.text(l.Path), m.text(l.Ref), m.text(l.Author)
}

func (m *masker) skip(s *Skip) { s.Path, s.Detail = m.text(s.Path), m.text(s.Detail) }

// text is t with each secret in it as a finding would show it.
func (m *masker) text(t string) string {
	if t == "" {
		return t
	}
	masked, seen := m.known[t]
	if !seen {
		masked = m.mask(t)
		m.known[t] = masked
	}
	return masked
}

func (m *masker) mask(t string) string {
	var out strings.Builder
	at := 0
	for _, c := range m.scanner.scanBlob(Blob{Data: []byte(t)}).claims { // in the order of their spans
		start, end := int(c.span.Start), int(c.span.End)
		if end <= at {
			continue
		}
		out.WriteString(t[at:max(start, at)])
		out.WriteString(c.redacted)
		at = end
	}
	out.WriteString(t[at:])
	return out.String()
}
