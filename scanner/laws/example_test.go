package laws_test

import (
	"context"
	"fmt"

	"github.com/keywright/keywright/patterns"
	"github.com/keywright/keywright/scanner/laws"
)

func ExampleCheck() {
	acme := &patterns.Pattern{
		ID: "acme.key", Vendor: "acme", Name: "Acme key",
		Format:   &patterns.Format{Prefix: "ghp_", Parts: []patterns.Part{{Alphabet: "base62", Min: 10, Max: 10}}, Boundary: true},
		Examples: []string{"KEY=${secret}"},
		CounterExamples: []patterns.CounterExample{
			{Text: "KEY: ${secret}", Why: "no equals sign"},
		},
	}
	set, err := patterns.NewSet("example", acme)
	if err != nil {
		fmt.Println(err)
		return
	}
	problems, err := laws.Check(context.Background(), set, nil)
	fmt.Println(problems[0].Text, err)
	// Output:
	// counter_example "KEY: ${secret}" (no equals sign) is found by acme.key <nil>
}
