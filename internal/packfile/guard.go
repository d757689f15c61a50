package packfile

import (
	"errors"
	"fmt"
	"reflect"
	"runtime/debug"
)

// ErrChanged says that a file became shorter, or unreadable, while it was read.
var ErrChanged = errors.New("file changed while it was read")

// fault is what the runtime panics with when a mapped byte cannot be read.
type fault interface {
	error
	Addr() uintptr
}

// owner knows which mapped bytes a goroutine may be reading.
type owner interface {
	holds(address uintptr) bool
}

// guard runs read, which touches mapped files of o, and turns a fault inside them into ErrChanged.
//
// A read behind the end that a truncated file has now is a SIGBUS, which ends the process unless the goroutine
// asked for a panic instead. A fault anywhere else, and every other panic, is a bug of ours and goes on.
func guard(o owner, read func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer recoverFault(o, &err)
	return read()
}

// recoverFault is deferred around what touches mapped files by a goroutine that has set debug.SetPanicOnFault.
func recoverFault(o owner, err *error) {
	caught := recover() //nolint:revive // every caller defers it
	if caught == nil {
		return
	}
	f, ok := caught.(fault)
	if !ok || !o.holds(f.Addr()) {
		panic(caught)
	}
	*err = fmt.Errorf("fault in a mapped file: %w", ErrChanged)
}

func inside(mapped []byte, address uintptr) bool {
	if len(mapped) == 0 {
		return false
	}
	start := reflect.ValueOf(mapped).Pointer()
	return address >= start && address-start < uintptr(len(mapped))
}
