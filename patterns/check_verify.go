package patterns

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"sync"
)

// authGrammar: the places of a request that may carry the secret. Never the path: paths stand in logs.
var authGrammar = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(bearer|basic-user|basic-password|(header|query):[A-Za-z0-9_-]+)$`)
})

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
	if !authGrammar().MatchString(v.Auth) {
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
