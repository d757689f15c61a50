package githubapp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/google/go-github/v62/github"
)

// CheckName is the name of our check runs, which branch rules refer to.
const CheckName = "keywright"

// GitHub's caps (docs.github.com, "Check runs", read 2026-11-23).
const (
	maxAnnotations  = 50    // in one request
	maxSummaryBytes = 65535 // characters there; bytes here, so never over
	maxTitleBytes   = 255
)

// Conclusion is how a check ends. The zero value: it has not.
type Conclusion string

// The conclusions. What could not be scanned is never a success.
const (
	InProgress     Conclusion = ""
	Success        Conclusion = "success"
	Failure        Conclusion = "failure"
	ActionRequired Conclusion = "action_required"
	Neutral        Conclusion = "neutral"
)

// Check is one check run. It never holds a secret.
type Check struct {
	Head        string // commit id
	ExternalID  string // ours; one check run per head and external id
	Conclusion  Conclusion
	Title       string
	Summary     string // Markdown
	Annotations []Annotation
}

// Annotation marks lines of a file.
type Annotation struct {
	Path    string
	Start   int // lines, from 1
	End     int
	Message string
}

// PutCheck makes the check run of c.ExternalID on c.Head, or brings the one there to what c says, and returns
// its id. More than 50 annotations go in several requests.
//
// Twice with the same c: the second finds it concluded that way and changes nothing. Two at once: two check runs may be
// made, since GitHub has no unique key; the queue keeps that from happening.
func (a *App) PutCheck(ctx context.Context, r Repository, c Check) (int64, error) {
	id, conclusion, err := a.FindCheck(ctx, r, c.Head, c.ExternalID)
	if err != nil || conclusion != InProgress && conclusion == c.Conclusion {
		return id, err
	}
	pages := pagesOf(c.Annotations)
	if id == 0 {
		if id, err = a.CreateCheckRun(ctx, r, c, pages[0]); err != nil {
			return 0, err
		}
		pages = pages[1:]
	}
	for _, page := range pages {
		if err := a.UpdateCheckRun(ctx, r, id, c, page); err != nil {
			return id, err
		}
	}
	return id, nil
}

// pagesOf is never empty: a check without annotations is still one request.
func pagesOf(all []Annotation) [][]Annotation {
	pages := [][]Annotation{}
	for len(all) > maxAnnotations {
		pages = append(pages, all[:maxAnnotations])
		all = all[maxAnnotations:]
	}
	return append(pages, all)
}

// FindCheck looks for the check run of an external id on a commit. id is 0 when there is none.
func (a *App) FindCheck(ctx context.Context, r Repository, head, externalID string) (id int64, conclusion Conclusion, err error) {
	name := CheckName
	options := &github.ListCheckRunsOptions{CheckName: &name, AppID: &a.o.AppID, ListOptions: github.ListOptions{PerPage: 100}}
	found, response, err := a.client(r, toCheck).api.Checks.ListCheckRunsForRef(ctx, r.Owner, r.Name, head, options)
	if err := a.refused(r, toCheck, response, err); err != nil {
		return 0, InProgress, fmt.Errorf("list check runs of %s at %s: %w", r.FullName(), head, err)
	}
	for _, run := range found.CheckRuns {
		if run.GetExternalID() == externalID {
			return run.GetID(), Conclusion(run.GetConclusion()), nil
		}
	}
	return 0, InProgress, nil
}

// CreateCheckRun makes a check run with at most 50 annotations.
func (a *App) CreateCheckRun(ctx context.Context, r Repository, c Check, page []Annotation) (int64, error) {
	options := github.CreateCheckRunOptions{
		Name: CheckName, HeadSHA: c.Head, ExternalID: &c.ExternalID, Output: output(c, page),
	}
	options.Status, options.Conclusion = status(c)
	run, response, err := a.client(r, toCheck).api.Checks.CreateCheckRun(ctx, r.Owner, r.Name, options)
	if err := a.refused(r, toCheck, response, err); err != nil {
		return 0, fmt.Errorf("create a check run of %s at %s: %w", r.FullName(), c.Head, err)
	}
	return run.GetID(), nil
}

// UpdateCheckRun brings a check run to what c says and adds at most 50 annotations.
func (a *App) UpdateCheckRun(ctx context.Context, r Repository, id int64, c Check, page []Annotation) error {
	options := github.UpdateCheckRunOptions{Name: CheckName, ExternalID: &c.ExternalID, Output: output(c, page)}
	options.Status, options.Conclusion = status(c)
	_, response, err := a.client(r, toCheck).api.Checks.UpdateCheckRun(ctx, r.Owner, r.Name, id, options)
	if err := a.refused(r, toCheck, response, err); err != nil {
		return fmt.Errorf("update check run %d of %s: %w", id, r.FullName(), err)
	}
	return nil
}

func status(c Check) (status, conclusion *string) {
	running, completed := "in_progress", "completed"
	if c.Conclusion == InProgress {
		return &running, nil
	}
	text := string(c.Conclusion)
	return &completed, &text
}

func output(c Check, page []Annotation) *github.CheckRunOutput {
	title, summary := cut(c.Title, maxTitleBytes), cut(c.Summary, maxSummaryBytes)
	out := &github.CheckRunOutput{Title: &title, Summary: &summary}
	level := "failure"
	for _, n := range page {
		path, message := strings.ToValidUTF8(n.Path, "\uFFFD"), n.Message
		start, end := max(n.Start, 1), max(n.End, n.Start, 1)
		out.Annotations = append(out.Annotations, &github.CheckRunAnnotation{
			Path: &path, StartLine: &start, EndLine: &end, AnnotationLevel: &level, Message: &message,
		})
	}
	return out
}

// cut shortens text to limit bytes without breaking a character, and says that it did.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	const more = " … (cut)"
	text = text[:limit-len(more)]
	for !utf8.ValidString(text) && len(text) > 0 {
		text = text[:len(text)-1]
	}
	return text + more
}

// refused turns what go-github says into our error, and forgets a token that was refused.
func (a *App) refused(r Repository, p purpose, response *github.Response, err error) error {
	if err == nil {
		return nil
	}
	if response != nil && response.StatusCode == http.StatusUnauthorized {
		a.forget(r, p)
	}
	// go-github's own message repeats the URL and GitHub's text, neither of which holds a secret; but a
	// transport's may repeat a header of a proxy.
	var answered *github.ErrorResponse
	if errors.As(err, &answered) {
		return fmt.Errorf("GitHub answered %d: %s", answered.Response.StatusCode, answered.Message)
	}
	return err
}
