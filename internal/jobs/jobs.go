// Package jobs holds the arguments of the durable jobs: identifiers only.
//
// Knows: the kind and the ids of each job. Must not know: River, stores, secrets.
// Rows of the queue persist and the job page shows them, so an argument never holds more than an id.
package jobs

// Args is what a store inserts in the same transaction as the change that causes the job. It has the
// shape of River's JobArgs, so that the queue's store needs no adapter.
type Args interface{ Kind() string }

// ScanPush scans what one accepted delivery brought.
type ScanPush struct {
	DeliveryID string `json:"delivery_id"`
}

// VerifyIncident re-reads a finding's blob and asks the vendor whether the key is live.
type VerifyIncident struct {
	IncidentID string `json:"incident_id"`
}

// RevokeKey revokes one of our own keys because of an incident.
type RevokeKey struct {
	IncidentID string `json:"incident_id"`
	KeyID      string `json:"key_id"`
}

// NotifyOwner tells the owner of a key about an incident.
type NotifyOwner struct {
	IncidentID string `json:"incident_id"`
}

// ConcludeCheck concludes the check run of one scanned delivery.
type ConcludeCheck struct {
	DeliveryID string `json:"delivery_id"`
}

func (ScanPush) Kind() string       { return "scan_push" }
func (VerifyIncident) Kind() string { return "verify_incident" }
func (RevokeKey) Kind() string      { return "revoke_key" }
func (NotifyOwner) Kind() string    { return "notify_owner" }
func (ConcludeCheck) Kind() string  { return "conclude_check" }
