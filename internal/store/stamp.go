package store

import (
	"fmt"
	"time"
)

// stamp reads a stored time: microseconds since 1970 as an integer, a time of the driver, or NULL for never.
type stamp time.Time

// Scan implements sql.Scanner.
func (s *stamp) Scan(value any) error {
	switch v := value.(type) {
	case nil:
		*s = stamp{}
	case int64:
		*s = stamp(time.UnixMicro(v).UTC())
	case time.Time:
		*s = stamp(v.UTC())
	default:
		return fmt.Errorf("a stored time is a %T", value)
	}
	return nil
}

func (s stamp) time() time.Time { return time.Time(s) }

// micros is t as every store keeps it: UTC, cut to microseconds, zero stays zero.
func micros(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}
