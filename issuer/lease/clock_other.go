//go:build !linux

package lease

import "time"

func boottime() (time.Duration, error) { return 0, ErrNoClock }
