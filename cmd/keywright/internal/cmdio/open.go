package cmdio

import (
	"context"
	"errors"

	"github.com/keywright/keywright/internal/config"
	"github.com/keywright/keywright/internal/store"
	"github.com/keywright/keywright/issuer"
)

// Openers open what a verb may need, when it asks for it and not before.
type Openers struct {
	// Workspace opens the store with its keyring and signing key.
	Workspace func(ctx context.Context, mode config.Mode) (*config.Workspace, error)
}

// SystemOpeners open what the environment names.
func SystemOpeners(o *IO) Openers {
	return Openers{Workspace: func(ctx context.Context, mode config.Mode) (*config.Workspace, error) {
		paths, err := config.PathsFrom(o.Getenv)
		if err != nil {
			return nil, err
		}
		mode.Now = o.Now
		ws, err := config.Open(ctx, paths, mode)
		if errors.Is(err, store.ErrNoStore) {
			return nil, WithHint(err, "keywright init makes it; KEYWRIGHT_STORE names another")
		}
		if err != nil {
			return nil, err
		}
		for _, note := range ws.Notes {
			o.Warnf("%s", note)
		}
		return ws, nil
	}}
}

// Read opens the workspace for f, which changes nothing.
func (open Openers) Read(ctx context.Context, f func(*config.Workspace) error) error {
	return open.with(ctx, config.Mode{ReadOnly: true}, f)
}

// Change opens the workspace for f and signs a checkpoint over what f appended to the audit log, also when f
// failed half way.
func (open Openers) Change(ctx context.Context, f func(*config.Workspace) error) error {
	return open.ChangeIn(ctx, config.Mode{}, f)
}

// ChangeIn is [Openers.Change] in a mode of the caller's.
func (open Openers) ChangeIn(ctx context.Context, mode config.Mode, f func(*config.Workspace) error) error {
	return open.with(ctx, mode, func(ws *config.Workspace) error {
		err := f(ws)
		_, sealErr := ws.Seal(ctx)
		return errors.Join(err, sealErr)
	})
}

func (open Openers) with(ctx context.Context, mode config.Mode, f func(*config.Workspace) error) error {
	ws, err := open.Workspace(ctx, mode)
	if err != nil {
		return err
	}
	return errors.Join(f(ws), ws.Close())
}

// Act is something that the user does now.
func (o *IO) Act(reason string) issuer.Act {
	return issuer.Act{Actor: o.Actor, At: o.Now(), Reason: reason}
}
