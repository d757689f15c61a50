package gitsource

import "github.com/keywright/keywright/scanner"

// emitter passes blobs, skips and errors on, and remembers that the receiver wants no more.
type emitter struct {
	yield   func(scanner.Blob, error) bool
	stopped bool
}

func (e *emitter) blob(b scanner.Blob) bool { return e.send(b, nil) }

func (e *emitter) skip(s *scanner.Skip) bool { return e.send(scanner.Blob{}, s) }

func (e *emitter) fail(err error) bool {
	e.send(scanner.Blob{}, err)
	e.stopped = true
	return false
}

// pass takes an error of a reader: a skip goes on, any other error ends the sequence.
func (e *emitter) pass(err error) bool {
	if s, ok := err.(*scanner.Skip); ok { //nolint:errorlint // the contract is the type itself
		return e.skip(s)
	}
	return e.fail(err)
}

func (e *emitter) send(b scanner.Blob, err error) bool {
	if !e.stopped && !e.yield(b, err) {
		e.stopped = true
	}
	return !e.stopped
}
