package issuer_test

import (
	"crypto/rand"
	"fmt"

	"github.com/keywright/keywright/issuer"
)

func ExampleMint() {
	keyring, err := issuer.GenerateKeyring(rand.Reader)
	if err != nil {
		panic(err)
	}
	key, id, err := issuer.Mint(rand.Reader, "acme_live", keyring)
	if err != nil {
		panic(err)
	}
	parsed, err := issuer.Parse(key)
	fmt.Println(key, parsed.Prefix, parsed.ID == id, err)
	// Output: [secret] acme_live true <nil>
}

func ExampleParse() {
	_, err := issuer.Parse(issuer.Present("Bearer acme_live_mistyped"))
	fmt.Println(err)
	// Output: not a key: length
}

func ExampleFormatOf() {
	format := issuer.FormatOf("acme_live")
	fmt.Printf("%d characters, %.1f bits\n%s\n", format.Length, format.EntropyBits, format.Regexp)
	// Output:
	// 61 characters, 178.6 bits
	// \bacme_live_[0-9A-Za-z]{42}Kw1[0-9A-Za-z]{6}\b
}
