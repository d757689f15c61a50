package scanner

import (
	"bytes"
	"strings"
	"sync"
)

// placeholderWords say that a text stands for a credential and is none. In random text of a credential's
// length each is rarer than one in 2^20. Made when the first candidate comes.
var placeholderWords = sync.OnceValue(func() *automaton {
	return newAutomaton(distinct([]string{
		"example", "xxxxx", "placeholder", "changeme", "change_me", "change-me", "redacted", "your_", "your-",
		"yourkey", "yourtoken", "yoursecret", "yourpassword", "insert_", "insert-", "replace_", "replace-", "replaceme",
		"*****", ".....", "-----x", "<your", "dummy_", "dummy-", "_here", "-here",
	}, true))
})

// isPlaceholder says whether text, the random part of a match without a checksum, stands for a secret:
// a template, a word that says so, one character over and over, or the alphabet in order.
func isPlaceholder(text []byte) bool {
	return isTemplate(text) || isMonotonous(text) || isSequence(text) ||
		len(text) <= maxWordedLen && holdsAny(placeholderWords(), text)
}

// maxWordedLen is the longest text in which a placeholder's word counts: in a longer one, a PEM block, it
// may stand by chance.
const maxWordedLen = 256

// isStandIn says whether the text is a word that stands for a password in documentation. For generic
// patterns only, where a secret may be as short as a word.
func isStandIn(text []byte) bool {
	switch strings.ToLower(string(text)) {
	case "password", "passwd", "passphrase", "pass", "pwd", "pw", "secret", "token", "user", "username", "key",
		"apikey", "api_key", "api-key", "test", "foo", "bar", "baz", "credentials", "mypassword", "mysecret", "none", "null", "undefined":
		return true
	}
	return false
}

// isTemplate says whether the text is a variable of a shell, a template or a format.
func isTemplate(text []byte) bool {
	if len(text) == 0 {
		return true
	}
	for _, pair := range []struct{ open, end string }{
		{"${", "}"}, {"$(", ")"}, {"{{", "}}"}, {"<", ">"}, {"%(", ""}, {"#{", "}"}, {"[[", "]]"}, {"__", "__"}, {"{", "}"}, {"%", "%"},
	} {
		if bytes.HasPrefix(text, []byte(pair.open)) && bytes.HasSuffix(text, []byte(pair.end)) {
			return true
		}
	}
	if text[0] == '$' && isName(text[1:]) {
		return true
	}
	return bytes.Contains(text, []byte("${")) || bytes.Contains(text, []byte("{{"))
}

func isName(text []byte) bool {
	for _, c := range text {
		lower := c | 0x20
		if !('a' <= lower && lower <= 'z' || '0' <= c && c <= '9' || c == '_') {
			return false
		}
	}
	return len(text) > 0
}

// isMonotonous says whether a long text is made of three characters or fewer, or one of them makes most of it.
func isMonotonous(text []byte) bool {
	if len(text) < 8 {
		return len(text) > 3 && bytes.Count(text, text[:1]) == len(text)
	}
	var count [256]int
	kinds, most := 0, 0
	for _, c := range text {
		if count[c] == 0 {
			kinds++
		}
		count[c]++
		most = max(most, count[c])
	}
	return kinds <= 3 || most*5 >= len(text)*4
}

// orders are the sequences that people type when they make a key up.
const orders = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz 0123456789012345678901234567890 " +
	"9876543210 zyxwvutsrqponmlkjihgfedcba qwertyuiopasdfghjklzxcvbnm 0123456789abcdef0123456789abcdef"

// minOrder is the shortest sequence that counts as one.
const minOrder = 6

// isSequence says whether at least two thirds of the text lie in sequences of minOrder or more.
func isSequence(text []byte) bool {
	if len(text) < minOrder || len(text) > 256 {
		return false
	}
	folded := strings.ToLower(string(text))
	covered := 0
	for i := 0; i+minOrder <= len(folded); {
		n := minOrder
		if !strings.Contains(orders, folded[i:i+n]) {
			i++
			continue
		}
		for i+n < len(folded) && strings.Contains(orders, folded[i:i+n+1]) {
			n++
		}
		covered += n
		i += n
	}
	return covered*3 >= len(folded)*2
}
