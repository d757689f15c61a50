package verify

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/keywright/keywright/internal/incident"
	"github.com/keywright/keywright/internal/secret"
	"github.com/keywright/keywright/patterns"
	"github.com/keywright/keywright/scanner"
)

// The caps of a live check.
const (
	vendorTimeout    = 5 * time.Second
	vendorHostBudget = 100 // requests to one host in one run, negative controls included
	vendorMaxBody    = 64 << 10
)

// Vendor asks the vendors' endpoints that the catalogue declares.
//
// A secret goes only to the hosts of the one entry that claimed it, over TLS, and never follows a redirect.
// Before an answer of a pattern is believed, a made-up credential of the same shape must come back dead: so a
// firewall's 403 or a proxy's 200 is never read as an answer. Make one Vendor for a run: it keeps the controls,
// the budgets, and an answer per fingerprint.
type Vendor struct {
	Patterns  *patterns.Set
	Transport http.RoundTripper // nil: http.DefaultTransport
	Now       func() time.Time
	Rand      io.Reader // for the made-up credentials

	mu       sync.Mutex
	spent    map[string]int // by host
	controls map[patterns.ID]string
	answers  map[string]incident.Verdict // by fingerprint
}

// Verify implements [Verifier]. One request at a time, so that a budget is exact.
func (v *Vendor) Verify(ctx context.Context, f scanner.Finding) incident.Verdict {
	p, ok := v.Patterns.ByID(f.Pattern)
	if !ok || p.Verify == nil {
		return incident.Verdict{State: incident.Unknown, Reason: reasonNotAsked, CheckedAt: v.Now()}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if verdict, asked := v.answers[f.Fingerprint]; asked {
		return verdict
	}
	verdict := v.ask(ctx, p, f.Secret)
	if v.answers == nil {
		v.answers = map[string]incident.Verdict{}
	}
	v.answers[f.Fingerprint] = verdict
	return verdict
}

func (v *Vendor) ask(ctx context.Context, p *patterns.Pattern, text secret.Text) incident.Verdict {
	unknown := func(reason string) incident.Verdict {
		return incident.Verdict{State: incident.Unknown, Reason: reason, CheckedAt: v.Now()}
	}
	failed := func(reason string) incident.Verdict {
		verdict := unknown(incident.Text(reason))
		verdict.Err = errors.New(verdict.Reason)
		return verdict
	}
	if trouble := v.control(ctx, p); trouble != "" {
		return failed(trouble)
	}
	status, err := v.send(ctx, p.Verify, text)
	switch {
	case err != nil:
		return failed(err.Error())
	case slices.Contains(p.Verify.Live, status):
		return incident.Verdict{State: incident.Live, Reason: fmt.Sprintf("the vendor accepts it (status %d)", status), CheckedAt: v.Now()}
	case slices.Contains(p.Verify.Dead, status):
		return incident.Verdict{State: incident.Revoked, Reason: fmt.Sprintf("the vendor refuses it (status %d)", status), CheckedAt: v.Now()}
	default:
		return unknown(fmt.Sprintf("the vendor answered with status %d, which says neither live nor dead", status))
	}
}

// control sends a made-up credential once per pattern and says what is wrong with the answer; empty: nothing.
func (v *Vendor) control(ctx context.Context, p *patterns.Pattern) string {
	if trouble, done := v.controls[p.ID]; done {
		return trouble
	}
	trouble := v.runControl(ctx, p)
	if v.controls == nil {
		v.controls = map[patterns.ID]string{}
	}
	v.controls[p.ID] = trouble
	return trouble
}

func (v *Vendor) runControl(ctx context.Context, p *patterns.Pattern) string {
	var seed [16]byte
	if _, err := io.ReadFull(v.Rand, seed[:]); err != nil {
		return "no made-up credential for the control: " + err.Error()
	}
	madeUp, err := patterns.Mint(p, hex.EncodeToString(seed[:]))
	if err != nil {
		return "no made-up credential for the control: " + err.Error()
	}
	status, err := v.send(ctx, p.Verify, secret.New(madeUp))
	switch {
	case err != nil:
		return "the control failed: " + err.Error()
	case !slices.Contains(p.Verify.Dead, status):
		return fmt.Sprintf("could not be checked: a made-up credential was answered with status %d, not refused", status)
	default:
		return ""
	}
}

// send makes the declared request and returns the status. Its errors hold neither URL nor secret.
func (v *Vendor) send(ctx context.Context, check *patterns.Verify, text secret.Text) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, vendorTimeout)
	defer cancel()
	request, err := newRequest(ctx, check, text)
	if err != nil {
		return 0, err
	}
	if err := v.spend(request.URL.Hostname()); err != nil {
		return 0, err
	}
	client := &http.Client{Transport: v.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		var outer *url.Error
		if errors.As(err, &outer) {
			err = outer.Err // the outer error shows the URL, which may carry the secret
		}
		return 0, fmt.Errorf("ask %s: %w", request.URL.Hostname(), err)
	}
	_, _ = io.CopyN(io.Discard, response.Body, vendorMaxBody)
	return response.StatusCode, response.Body.Close()
}

func (v *Vendor) spend(host string) error {
	if v.spent == nil {
		v.spent = map[string]int{}
	}
	if v.spent[host] >= vendorHostBudget {
		return fmt.Errorf("the budget of %d requests to %s in one run is used up", vendorHostBudget, host)
	}
	v.spent[host]++
	return nil
}

func newRequest(ctx context.Context, check *patterns.Verify, text secret.Text) (*http.Request, error) {
	method := check.Method
	if method == "" {
		method = http.MethodGet
	}
	request, err := http.NewRequestWithContext(ctx, method, check.URL, nil)
	if err != nil {
		return nil, errors.New("the declared URL is broken")
	}
	if request.URL.Scheme != "https" || !slices.Contains(check.Hosts, request.URL.Hostname()) {
		return nil, fmt.Errorf("%s is not https to a declared host", request.URL.Host)
	}
	request.Header.Set("User-Agent", "keywright")
	return request, authorize(request, check.Auth, text)
}

// authorize puts the secret where the entry says.
func authorize(request *http.Request, auth string, text secret.Text) error {
	kind, name, _ := strings.Cut(auth, ":")
	switch kind {
	case "bearer":
		request.Header.Set("Authorization", "Bearer "+text.Reveal())
	case "basic-user":
		request.SetBasicAuth(text.Reveal(), "")
	case "basic-password":
		request.SetBasicAuth("api", text.Reveal())
	case "header":
		request.Header.Set(name, text.Reveal())
	case "query":
		query := request.URL.Query()
		query.Set(name, text.Reveal())
		request.URL.RawQuery = query.Encode()
	default:
		return fmt.Errorf("the entry declares auth %q, which is not known", kind)
	}
	return nil
}
