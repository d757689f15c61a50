package audit

import "fmt"

// Fault is what is wrong with a log. Stable.
type Fault string

// The faults.
const (
	FaultEdited     Fault = "edited"            // the event's bytes are not those that were hashed
	FaultMissing    Fault = "missing"           // the event is not there, later ones are
	FaultReordered  Fault = "reordered"         // the event stands at another place
	FaultTruncated  Fault = "truncated"         // the log ends before the event
	FaultHash       Fault = "hash"              // a stored tree hash is wrong or missing, the events below it are not
	FaultRewritten  Fault = "rewritten"         // events and hashes agree, and differ from what a checkpoint signed
	FaultCheckpoint Fault = "forged_checkpoint" // a checkpoint that cannot be read, or is not signed by the key
)

// TamperError says where a log stops being trustworthy.
type TamperError struct {
	// Index is the first bad event; for FaultRewritten the first that may be bad, because all checkpoints
	// up to there hold; 0 for FaultCheckpoint.
	Index  int64
	Fault  Fault
	Detail string // for people
}

func (e *TamperError) Error() string {
	if e.Fault == FaultCheckpoint {
		return "audit log: " + string(e.Fault) + ": " + e.Detail
	}
	return fmt.Sprintf("audit log: event %d: %s: %s", e.Index, e.Fault, e.Detail)
}

func truncated(size, signed int64) *TamperError {
	return &TamperError{Index: size, Fault: FaultTruncated, Detail: fmt.Sprintf("there are %d events, and a checkpoint signed %d", size, signed)}
}
