package cmdio

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/lmittmann/tint"

	"github.com/keywright/keywright/internal/config"
	"github.com/keywright/keywright/issuer"
)

// tendEvery is how far behind last uses and signed checkpoints may be while a server runs.
const tendEvery = time.Minute

// Tend writes last uses and signs checkpoints once a minute while run runs, and once more when it has ended.
// A failure is logged, and tried again the next time; the last one is returned.
func Tend(ctx context.Context, ws *config.Workspace, uses *issuer.Uses, log *slog.Logger, run func(context.Context) error) error {
	once := func(ctx context.Context) error {
		_, err := ws.Seal(ctx)
		return errors.Join(uses.Flush(ctx, ws.Keys), err)
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(tendEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				if err := once(ctx); err != nil {
					log.Error("write last uses and sign a checkpoint", "error", err)
				}
			}
		}
	}()
	err := run(ctx)
	cancel()
	<-done
	return errors.Join(err, once(context.WithoutCancel(ctx)))
}

// Logger writes a server's log to stderr: for people on a terminal, JSON lines else.
func (o *IO) Logger() *slog.Logger {
	if o.ErrTerminal {
		return slog.New(tint.NewTextHandler(o.Err, &tint.Options{NoColor: o.Getenv("NO_COLOR") != ""}))
	}
	return slog.New(slog.NewJSONHandler(o.Err, nil))
}
