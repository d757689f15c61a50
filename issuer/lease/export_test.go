package lease

import (
	"context"
	"time"
)

// Manual is a node whose renewals happen when a test says so.
type Manual struct {
	*Node
	r *renewer
}

// NewManual makes a node that has not joined yet.
func NewManual(options Options) (*Manual, error) {
	n, err := newNode(options)
	if err != nil {
		return nil, err
	}
	return &Manual{Node: n, r: &renewer{Node: n, term: DefaultTerm}}, nil
}

// Step joins if need be, and renews once.
func (m *Manual) Step(ctx context.Context) error { return m.r.step(ctx) }

// Incarnation is the present one, "" when it has to join.
func (m *Manual) Incarnation() Incarnation { return m.r.incarnation }

// End closes the node.
func (m *Manual) End() { m.r.close() }

// The times of a lease.
func Life(term time.Duration) time.Duration     { return life(term) }
func Patience(term time.Duration) time.Duration { return patience(term) }
