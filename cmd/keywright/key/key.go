// Package key is the verb for the life of a key.
//
// Knows: flags, how keys are shown. Must not know: how a key is made, stored or judged.
package key

import (
	"github.com/spf13/cobra"

	"github.com/keywright/keywright/cmd/keywright/internal/cmdio"
	"github.com/keywright/keywright/issuer"
)

// NewCmd makes the verb.
func NewCmd(io *cmdio.IO, open cmdio.Openers) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "key",
		Short: "Issue, list, verify and revoke keys",
		Example: `  KEY=$(keywright key issue --family acme_live --owner billing --scope orders:read --expires 90d)
  printf %s "$KEY" | keywright key verify -
  keywright key list --owner billing
  keywright key revoke 3f8KzQ1mXb2a --reason "laptop lost"`,
	}
	return cmdio.Group(cmd, newIssue(io, open), newList(io, open), newShow(io, open), newVerify(io, open),
		newRevoke(io, open), newDisable(io, open), newEnable(io, open))
}

// shown is a key as the verbs print it in JSON: no digest.
type shown struct {
	ID            issuer.KeyID   `json:"id"`
	Family        issuer.Prefix  `json:"family"`
	Owner         string         `json:"owner"`
	Label         string         `json:"label,omitempty"`
	Scopes        []issuer.Scope `json:"scopes"`
	Status        string         `json:"status"`
	CreatedAt     string         `json:"created_at"`
	ExpiresAt     string         `json:"expires_at,omitempty"`
	LastUsedAt    string         `json:"last_used_at,omitempty"`
	RevokedAt     string         `json:"revoked_at,omitempty"`
	RevokedReason string         `json:"revoked_reason,omitempty"`
}

func show(io *cmdio.IO, k issuer.Key) shown {
	status := string(k.Status)
	if k.Status == issuer.StatusActive && !k.ExpiresAt.IsZero() && !io.Now().Before(k.ExpiresAt) {
		status = "expired"
	}
	scopes := k.Scopes
	if scopes == nil {
		scopes = []issuer.Scope{}
	}
	return shown{
		ID: k.ID, Family: k.Family, Owner: k.Owner, Label: k.Label, Scopes: scopes, Status: status,
		CreatedAt: cmdio.Stamp(k.CreatedAt), ExpiresAt: cmdio.Stamp(k.ExpiresAt), LastUsedAt: cmdio.Stamp(k.LastUsedAt),
		RevokedAt: cmdio.Stamp(k.RevokedAt), RevokedReason: k.RevokedReason,
	}
}

func printFields(io *cmdio.IO, k issuer.Key) error {
	s := show(io, k)
	return io.Fields("id", string(s.ID), "family", string(s.Family), "owner", s.Owner, "label", s.Label,
		"scopes", cmdio.ScopeText(s.Scopes), "status", s.Status, "created", cmdio.Time(k.CreatedAt), "expires", cmdio.Time(k.ExpiresAt),
		"last used", cmdio.Time(k.LastUsedAt), "revoked", cmdio.Time(k.RevokedAt), "reason", s.RevokedReason)
}
