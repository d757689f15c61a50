package githubapp

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/go-github/v62/github"
)

// secondaryWait is how long to wait after a secondary limit that names no time (docs.github.com, "Best practices for
// using the REST API", read 2026-11-23).
const secondaryWait = time.Minute

// LimitError says that GitHub wants to be left alone for a while.
type LimitError struct{ Wait time.Duration }

func (e *LimitError) Error() string {
	return fmt.Sprintf("GitHub's rate limit is used up for %s", e.Wait.Round(time.Second))
}

// RetryAfter says to the queue when to try again.
func (e *LimitError) RetryAfter() time.Duration { return e.Wait }

// refused turns what go-github says into our error, and forgets a token that was refused.
func (a *App) refused(r Repository, p purpose, response *github.Response, err error) error {
	if err == nil {
		return nil
	}
	if response != nil && response.StatusCode == http.StatusUnauthorized {
		a.forget(r, p)
	}
	var primary *github.RateLimitError
	var secondary *github.AbuseRateLimitError
	var answered *github.ErrorResponse
	switch {
	case errors.As(err, &primary):
		return &LimitError{max(time.Until(primary.Rate.Reset.Time), time.Second)}
	case errors.As(err, &secondary) && secondary.RetryAfter != nil:
		return &LimitError{*secondary.RetryAfter}
	case errors.As(err, &secondary):
		return &LimitError{secondaryWait}
	case errors.As(err, &answered):
		return fmt.Errorf("GitHub answered %d: %s", answered.Response.StatusCode, answered.Message)
	default:
		return err
	}
}
