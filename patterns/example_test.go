package patterns_test

import (
	"fmt"

	"github.com/keywright/keywright/patterns"
)

func ExampleParse() {
	const rules = `
vendor: acme
patterns:
- id: acme.api-token
  name: Acme API token
  format: {prefix: acme_, body: {alphabet: base62, length: 40}}
  examples: ['ACME_TOKEN=${secret}']
- id: acme.webhook
  name: Acme webhook
  format: {prefix: ac, body: {alphabet: hexadecimal, length: 8}}
  examples: ['url: ${secret}']
`
	_, err := patterns.Parse("acme.yaml", []byte(rules))
	fmt.Println(err)
	// Output:
	// acme.yaml:8: pattern acme.webhook: prefix "ac" is shorter than 3 bytes, and no part is a literal of that length
	// acme.yaml:8: pattern acme.webhook: unknown alphabet "hexadecimal": use a set like [A-Z2-7] or one of alnum, alnum-, alnum_, alpha, base32-lower, base32-upper, base36, base58, base62, base64, base64-any, base64url, base64url., base64url=, digits, hex, hex-lower, hex-upper, lower, lower-alnum, lower-alnum_, lower-alnum_-, nonspace, upper, upper-alnum, url-safe
}

func ExampleCollisions() {
	set, err := patterns.Builtin()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range patterns.Collisions(set, "sk_live") {
		fmt.Printf("%s begins with %s; takes a key of yours for its own: %v\n", c.Name, c.Literal, c.Claimed)
	}
	// Output:
	// Stripe secret key (live) begins with sk_live_; takes a key of yours for its own: true
}
