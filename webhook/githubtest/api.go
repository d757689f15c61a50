package githubtest

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// answer answers a request that passed the description, so its path is one of the slice's.
func (s *Server) answer(r *http.Request, body []byte) answer {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case parts[0] == "repos" && parts[3] == "installation":
		return s.installationOf(r, s.Repository(parts[1]+"/"+parts[2]))
	case parts[0] == "repos" && parts[3] == "check-runs" && r.Method == http.MethodPost:
		return s.createCheck(r, s.Repository(parts[1]+"/"+parts[2]), body)
	case parts[0] == "repos" && parts[3] == "check-runs":
		return s.oneCheck(r, s.Repository(parts[1]+"/"+parts[2]), number(parts[4]), body)
	case parts[0] == "repos":
		return s.listChecks(r, s.Repository(parts[1]+"/"+parts[2]), parts[4])
	case len(parts) == 4 && parts[1] == "installations":
		return s.makeToken(r, number(parts[2]), body)
	case !s.app(r):
		return refuse(http.StatusUnauthorized, "A JSON web token could not be decoded")
	case len(parts) == 1:
		return answer{http.StatusOK, fill(s.contract.schema("integration"), map[string]any{"id": s.AppID, "name": "fake"})}
	case len(parts) == 3:
		return s.listDeliveries()
	default:
		return s.redeliver(number(parts[3]))
	}
}

func number(text string) int64 {
	n, _ := strconv.ParseInt(text, 10, 64) // the description has checked it
	return n
}

// CheckRun is a check run as the App left it.
type CheckRun struct {
	ID          int64
	Repository  string // full name
	Name        string
	HeadSHA     string
	ExternalID  string
	Status      string
	Conclusion  string
	Title       string
	Summary     string
	Annotations []Annotation // of all updates together
	Updates     int
}

// Annotation is one line of a check run.
type Annotation struct {
	Path    string `json:"path"`
	Start   int    `json:"start_line"`
	End     int    `json:"end_line"`
	Level   string `json:"annotation_level"`
	Message string `json:"message"`
}

// maxAnnotations is GitHub's cap for one request (docs.github.com, "Check runs", read 2026-11-23).
const maxAnnotations = 50

// CheckRuns are all check runs, oldest first.
func (s *Server) CheckRuns() []CheckRun {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]CheckRun, 0, len(s.checks))
	for _, c := range s.checks {
		all = append(all, *c)
	}
	slices.SortFunc(all, func(a, b CheckRun) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// checkBody is what a create or an update may carry.
type checkBody struct {
	Name       *string `json:"name"`
	HeadSHA    *string `json:"head_sha"`
	ExternalID *string `json:"external_id"`
	Status     *string `json:"status"`
	Conclusion *string `json:"conclusion"`
	Output     *struct {
		Title       string       `json:"title"`
		Summary     string       `json:"summary"`
		Annotations []Annotation `json:"annotations"`
	} `json:"output"`
}

func (s *Server) createCheck(r *http.Request, repo *Repository, body []byte) answer {
	if no := s.mayAPI(r, repo, "checks", "write"); no != nil {
		return *no
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &CheckRun{ID: s.nextID(), Repository: repo.FullName(), Status: "queued"}
	if no := c.change(body); no != nil {
		return *no
	}
	s.checks[c.ID] = c
	return answer{http.StatusCreated, s.checkJSON(c)}
}

func (s *Server) oneCheck(r *http.Request, repo *Repository, id int64, body []byte) answer {
	level := "write"
	if r.Method == http.MethodGet {
		level = "read"
	}
	if no := s.mayAPI(r, repo, "checks", level); no != nil {
		return *no
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.checks[id]
	if c == nil || c.Repository != repo.FullName() {
		return refuse(http.StatusNotFound, "Not Found")
	}
	if r.Method == http.MethodPatch {
		c.Updates++
		if no := c.change(body); no != nil {
			return *no
		}
	}
	return answer{http.StatusOK, s.checkJSON(c)}
}

func (s *Server) listChecks(r *http.Request, repo *Repository, ref string) answer {
	if no := s.mayAPI(r, repo, "checks", "read"); no != nil {
		return *no
	}
	name := r.URL.Query().Get("check_name")
	runs := []any{}
	for _, c := range s.CheckRuns() {
		if c.Repository == repo.FullName() && c.HeadSHA == ref && (name == "" || c.Name == name) {
			runs = append(runs, s.checkJSON(&c))
		}
	}
	return answer{http.StatusOK, map[string]any{"total_count": len(runs), "check_runs": runs}}
}

// change applies a create or update, with the rules of GitHub that its description does not express.
func (c *CheckRun) change(body []byte) *answer {
	var b checkBody
	if err := json.Unmarshal(orEmpty(body), &b); err != nil {
		a := refuse(http.StatusUnprocessableEntity, "Problems parsing JSON")
		return &a
	}
	set(&c.Name, b.Name)
	set(&c.HeadSHA, b.HeadSHA)
	set(&c.ExternalID, b.ExternalID)
	set(&c.Status, b.Status)
	set(&c.Conclusion, b.Conclusion)
	if c.Conclusion != "" {
		c.Status = "completed" // GitHub: providing a conclusion sets the status
	}
	if b.Output == nil {
		return nil
	}
	if len(b.Output.Annotations) > maxAnnotations || len(b.Output.Summary) > 65535 {
		a := refuse(http.StatusUnprocessableEntity, "Invalid request. Too many annotations or too long a summary")
		return &a
	}
	c.Title, c.Summary = b.Output.Title, b.Output.Summary
	c.Annotations = append(c.Annotations, b.Output.Annotations...)
	return nil
}

func set(to, from *string) {
	if from != nil {
		*to = *from
	}
}

func (s *Server) checkJSON(c *CheckRun) map[string]any {
	given := map[string]any{
		"id": c.ID, "name": c.Name, "head_sha": c.HeadSHA, "external_id": c.ExternalID, "status": c.Status,
		"output": map[string]any{"title": c.Title, "summary": c.Summary, "annotations_count": len(c.Annotations)},
	}
	if c.Conclusion != "" {
		given["conclusion"] = c.Conclusion
	}
	return fill(s.contract.schema("check-run"), given)
}

// Delivery is one webhook delivery that the fake sent.
type Delivery struct {
	ID     int64  // of this attempt
	GUID   string // X-GitHub-Delivery, the same for a redelivery
	Event  string
	Body   []byte
	URL    string
	Status int // what the App answered; 0 when it could not be reached
	At     time.Time
	Again  bool
}

// Deliveries are the deliveries so far, oldest first.
func (s *Server) Deliveries() []Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.deliveries)
}

func (s *Server) listDeliveries() answer {
	items := []any{}
	for _, d := range slices.Backward(s.Deliveries()) { // newest first
		items = append(items, fill(s.contract.schema("hook-delivery-item"), map[string]any{
			"id": d.ID, "guid": d.GUID, "event": d.Event, "status_code": d.Status, "status": http.StatusText(d.Status),
			"delivered_at": d.At.UTC().Format(time.RFC3339), "redelivery": d.Again, "duration": 0.1,
		}))
	}
	return answer{http.StatusOK, items}
}

func (s *Server) redeliver(id int64) answer {
	for _, d := range s.Deliveries() {
		if d.ID == id {
			d.Again = true
			s.sending.Go(func() { s.send(d) })
			return answer{http.StatusAccepted, map[string]any{}}
		}
	}
	return refuse(http.StatusUnprocessableEntity, "No such delivery")
}
