package respond

import (
	"fmt"

	"github.com/keywright/keywright/internal/incident"
)

// DefaultMaxRevocations is how many keys one scan may revoke without a person's word: enough for a bad day,
// too few for a bad rule to stop a company.
const DefaultMaxRevocations = 25

// Policy says what may be done without asking. The zero value does nothing.
type Policy struct {
	Revoke         bool
	MaxRevocations int  // 0 means DefaultMaxRevocations
	Confirmed      bool // a person said yes to all of it: no cap
}

func (p Policy) cap() int {
	if p.MaxRevocations > 0 {
		return p.MaxRevocations
	}
	return DefaultMaxRevocations
}

// Plan says what to do about incidents, in their order. It is pure: a dry run prints it.
//
// A live key of ours is revoked, once per key however many incidents name it. What lies above the policy's cap
// becomes an action that waits, so that nothing is dropped in silence.
func Plan(incidents []incident.Incident, policy Policy) []incident.Action {
	if !policy.Revoke {
		return nil
	}
	var plan []incident.Action
	planned := map[string]bool{}
	for _, inc := range incidents {
		v := inc.Verdict
		if v.State != incident.Live || v.KeyID == "" || planned[string(v.KeyID)] {
			continue
		}
		planned[string(v.KeyID)] = true
		action := incident.Action{
			Kind:     incident.ActionRevoke,
			Incident: inc.ID,
			Target:   string(v.KeyID),
			Key:      fmt.Sprintf("%s/%s/%s", inc.ID, incident.ActionRevoke, v.KeyID),
			Why:      fmt.Sprintf("live key of %s found in %s", v.Owner, incident.Text(inc.Source)),
		}
		if len(planned) > policy.cap() && !policy.Confirmed {
			action.Kind = incident.ActionWait
			action.Why = fmt.Sprintf("over the cap of %d revocations for one scan", policy.cap())
		}
		plan = append(plan, action)
	}
	return plan
}
