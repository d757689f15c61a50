package config

import (
	"log/slog"

	"github.com/keywright/keywright/issuer/lease"
)

// Awaiter waits until a change of the store holds on every machine.
func (w *Workspace) Awaiter() *lease.Everywhere { return &lease.Everywhere{Store: w.Backend} }

// Revoker revokes keys, and returns when that holds everywhere.
func (w *Workspace) Revoker() lease.Waiting {
	return lease.Waiting{Revoker: w.Keys, Awaiter: w.Awaiter()}
}

// StartNode makes this process a verifier that answers from memory while it has a lease. The caller closes it.
//
// Errors: lease.ErrNoClock: on this system every verification reads the store.
func (w *Workspace) StartNode(name string, log *slog.Logger) (*lease.Node, error) {
	clock, err := lease.NewClock()
	if err != nil {
		return nil, err
	}
	return lease.Start(lease.Options{Store: w.Backend, Name: name, Clock: clock, Log: log})
}
