package audit_test

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/keywright/keywright/issuer/audit"
)

func ExampleVerify() {
	signer, err := audit.GenerateSigner(rand.Reader)
	if err != nil {
		panic(err)
	}
	log := &mapLog{} // a store's log
	report, err := audit.Verify(context.Background(), log, audit.Options{PublicKey: audit.PublicKey(signer)})
	fmt.Println(report.Events, report.SelfConsistentOnly, err)
	// Output: 0 true <nil>
}
