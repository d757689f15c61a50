package limit

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// SetHeaders tells a client about its limit.
//
// RateLimit-Policy `"default";q=100;w=60` and RateLimit `"default";r=42;t=18` as in the IETF draft "RateLimit
// header fields for HTTP" (draft-ietf-httpapi-ratelimit-headers, read 2026-11-23): q tokens per w seconds, r
// left, all of them back in t seconds. Retry-After, in seconds, when the call was denied and waiting helps; it
// counts before RateLimit. Seconds are rounded up: a client that waits so long is admitted.
func SetHeaders(header http.Header, result Result) {
	name := strconv.Quote(result.Limit.Name)
	header.Set("RateLimit-Policy", fmt.Sprintf("%s;q=%d;w=%d", name, result.Limit.Quota, seconds(result.Limit.Window)))
	header.Set("RateLimit", fmt.Sprintf("%s;r=%d;t=%d", name, result.Remaining, seconds(result.ResetAfter)))
	if !result.Allowed && !result.Never {
		header.Set("Retry-After", strconv.FormatInt(seconds(result.RetryAfter), 10))
	}
}

func seconds(d time.Duration) int64 { return ceilDiv(d, time.Second) }
