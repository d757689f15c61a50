package lease

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// boottime is CLOCK_BOOTTIME: monotonic, and counting through a suspend. Source: clock_gettime(2), read 2026-11-24.
func boottime() (time.Duration, error) {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		return 0, fmt.Errorf("%w (%w)", ErrNoClock, err)
	}
	return time.Duration(now.Nano()), nil
}
