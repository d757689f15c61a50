package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/keywright/keywright/internal/jobs"
	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/issuer/audit"
	"github.com/keywright/keywright/issuer/lease"
)

// change is one change of a key, a family or an incident.
type change struct {
	kind    audit.Kind
	act     issuer.Act
	subject string
	detail  map[string]string
	next    []jobs.Args
	// touches are what a cached answer may be wrong about after the change, in either direction: a "no" too.
	touches []lease.Scope
	// write makes the rows. It gets the sequence that the change has.
	write func(seq issuer.Seq) error
}

// apply is the change rule: sequence, rows, event, tree hashes and jobs in tx, or an error and then nothing.
//
// The epoch row is written first here. That is as good as last for the order of commits, since its lock is held
// until the commit, and it also orders the appends to the log. It cannot deadlock as long as whoever takes it
// has taken the row of the one key or incident before, and takes no other lock after.
func (e *Engine) apply(ctx context.Context, tx Tx, c change) (issuer.Token, error) {
	if err := checkTexts(field{"actor", c.act.Actor}, field{"reason", c.act.Reason}); err != nil {
		return issuer.Token{}, err
	}
	var seq, index, generation int64
	if err := tx.QueryRow(ctx, BumpEpoch).Scan(&seq, &index, &generation); err != nil {
		return issuer.Token{}, fmt.Errorf("take a change sequence: %w", err)
	}
	if err := c.write(issuer.Seq(seq)); err != nil {
		return issuer.Token{}, err
	}
	if err := appendEvent(ctx, tx, e.event(c, seq, index)); err != nil {
		return issuer.Token{}, err
	}
	if err := invalidate(ctx, tx, c, seq); err != nil {
		return issuer.Token{}, err
	}
	if err := tx.Insert(ctx, c.next); err != nil {
		return issuer.Token{}, fmt.Errorf("insert the next jobs: %w", err)
	}
	return issuer.Token{Generation: generation, Seq: issuer.Seq(seq)}, nil
}

func (e *Engine) event(c change, seq, index int64) audit.Event {
	detail := map[string]string{"seq": strconv.FormatInt(seq, 10)}
	for name, value := range c.detail {
		if value != "" {
			detail[name] = strings.ToValidUTF8(value, "\uFFFD")
		}
	}
	if c.act.Reason != "" {
		detail["reason"] = c.act.Reason
	}
	return audit.Event{
		Index: index, At: e.at(c.act), Kind: c.kind, Actor: c.act.Actor, Subject: c.subject, Detail: detail,
	}
}

// at is when the act was, by the act or else by the clock.
func (e *Engine) at(act issuer.Act) time.Time {
	if act.At.IsZero() {
		return micros(e.now())
	}
	return micros(act.At)
}
