package limit_test

import (
	"fmt"
	"time"

	"github.com/keywright/keywright/issuer/limit"
)

func ExampleDecide() {
	policy, err := limit.PerWindow("default", 3, time.Minute, 2)
	if err != nil {
		panic(err)
	}
	now, state := time.Date(2026, 11, 24, 7, 0, 0, 0, time.UTC), limit.State{}
	for range 3 {
		var decision limit.Decision
		state, decision = limit.Decide(now, state, policy, 1)
		fmt.Println(decision.Allowed, decision.Remaining, decision.RetryAfter)
	}
	// Output:
	// true 1 0s
	// true 0 0s
	// false 0 30s
}
