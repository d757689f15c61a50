package scan

import (
	"context"
	"crypto/rand"
	"errors"

	"github.com/keywright/keywright/cmd/keywright/internal/cmdio"
	"github.com/keywright/keywright/internal/config"
	"github.com/keywright/keywright/internal/flow"
	"github.com/keywright/keywright/internal/respond"
	"github.com/keywright/keywright/internal/verify"
	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/patterns"
	"github.com/keywright/keywright/scanner"
	"github.com/keywright/keywright/scanner/receipt"
)

// EnvFullScan is the name in the environment that, set to 1, has every version of a file scanned whole, although most
// of it is known from another version. It finds the same and takes longer; it is there to be compared with.
const EnvFullScan = "KEYWRIGHT_FULL_SCAN"

// Runner wires a scan together.
func Runner(io *cmdio.IO, open cmdio.Openers) func(context.Context, *Options) error {
	return func(ctx context.Context, o *Options) error {
		if !o.stores() {
			return run(ctx, io, o, nil)
		}
		use := open.Read // a dry run, or a scan that only asks, changes nothing
		if !o.DryRun {
			use = open.Change
		}
		return use(ctx, func(ws *config.Workspace) error { return run(ctx, io, o, ws) })
	}
}

func run(ctx context.Context, io *cmdio.IO, o *Options, ws *config.Workspace) error {
	out, err := newOutput(io, o)
	if err != nil {
		return err
	}
	result, err := into(ctx, io, o, ws, out.sink)
	return errors.Join(err, out.close(err), verdictOf(result, err))
}

// Collector scans a path as `keywright scan PATH` does, without its ignore rules, and gives what is found to sink.
func Collector(io *cmdio.IO) func(context.Context, string, scanner.Sink) (scanner.Summary, error) {
	return func(ctx context.Context, path string, sink scanner.Sink) (scanner.Summary, error) {
		result, err := into(ctx, io, &Options{Path: path, NoIgnore: true, NoCache: true}, nil, sink)
		return result.Summary, err
	}
}

// into wires source, scanner and flow together.
func into(ctx context.Context, io *cmdio.IO, o *Options, ws *config.Workspace, sink scanner.Sink) (flow.Result, error) {
	set, err := cmdio.Patterns(o.Rules)
	if err != nil {
		return flow.Result{}, err
	}
	bar := newProgress(io, o)
	defer bar.close()
	plan, err := newSources(ctx, io, o, bar)
	if err != nil {
		return flow.Result{}, err
	}
	defer plan.close()
	known, err := newKnown(io, o, plan)
	if err != nil {
		return flow.Result{}, err
	}
	s, err := scanner.New(set, scanner.Options{
		Fingerprinter: known.fingerprinter(), Ignore: known.ignorer(), Branches: o.Branches, Progress: bar.scanned(),
		Limits: o.Limits, FullScan: io.Getenv(EnvFullScan) == "1",
	})
	if err != nil {
		return flow.Result{}, err
	}
	past := newPast(io, o, plan, s)
	watch := &watched{Sink: sink, io: io, o: o, bar: bar, plan: plan, known: known, stopped: func() bool { return ctx.Err() != nil }}
	var paper *receipt.Recorder
	out := scanner.Sink(watch)
	if o.Receipt != "" {
		paper = newReceipt(ctx, io, o, plan, set, watch)
		out = paper
	}
	result, err := flow.Run(ctx, s, plan.source(), out, options(io, o, ws, set, plan))
	past.keep(err)
	if paper != nil {
		err = errors.Join(err, writeReceipt(io, o.Receipt, paper.Receipt))
	}
	return result, err
}

// options say how far the flow goes for these flags.
func options(io *cmdio.IO, o *Options, ws *config.Workspace, set *patterns.Set, plan *sources) flow.Options {
	f := flow.Options{
		Source:   plan.name,
		Policy:   respond.Policy{Revoke: o.Revoke, MaxRevocations: o.MaxRevocations, Confirmed: o.Yes},
		DryRun:   o.DryRun,
		NoIgnore: o.NoIgnore,
		Actor:    io.Actor,
		Now:      io.Now,
		Rand:     rand.Reader,
	}
	if ws == nil {
		return f
	}
	f.Incidents, f.Revoker = ws.Incidents, ws.Revoker()
	var ask verify.First
	if o.Verify == "issued" || o.Verify == "all" {
		ask = append(ask, verify.Issued{Keys: &issuer.Verifier{Store: ws.Keys, Keyring: ws.Keyring, Now: io.Now}, Now: io.Now})
	}
	if o.Verify == "vendors" || o.Verify == "all" {
		ask = append(ask, &verify.Vendor{Patterns: set, Now: io.Now, Rand: rand.Reader})
	}
	if len(ask) > 0 {
		f.Verifier = ask
	}
	return f
}

// verdictOf is the exit code of a scan that went to its end: 2 wins over 1.
func verdictOf(r flow.Result, err error) error {
	switch {
	case err != nil:
		return nil // the error says it
	case !r.Summary.Complete:
		return cmdio.Incomplete
	case r.Summary.Findings > 0:
		return cmdio.Found
	default:
		return nil
	}
}
