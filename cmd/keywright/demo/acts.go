package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/keywright/keywright/cmd/keywright/internal/cmdio"
	"github.com/keywright/keywright/internal/config"
	"github.com/keywright/keywright/internal/flow"
	"github.com/keywright/keywright/internal/incident"
	"github.com/keywright/keywright/internal/respond"
	"github.com/keywright/keywright/internal/secret"
	"github.com/keywright/keywright/internal/verify"
	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/issuer/audit"
	"github.com/keywright/keywright/scanner"
	"github.com/keywright/keywright/scanner/baseline"
	"github.com/keywright/keywright/scanner/gitsource"
)

const family issuer.Prefix = "demo_live"

// demo is the story so far.
type demo struct {
	ctx    context.Context //nolint:containedctx // lives for one demo
	io     *cmdio.IO
	screen *screen
	dir    string
	keep   bool

	paths     config.Paths
	ws        *config.Workspace
	api       *api
	keys      [2]issuer.Key
	plain     [2]secret.Text
	repo      *repository
	incidents []incident.ID
}

func (d *demo) close() error {
	var err error
	if d.api != nil {
		err = d.api.stop()
	}
	if d.ws != nil {
		err = errors.Join(err, d.ws.Close())
	}
	return err
}

// issue makes the store, the family, two keys and the API.
func (d *demo) issue() error {
	d.screen.step("Issue: a store, a key family, two keys, and an API that they open")
	d.paths = config.Paths{
		Store:      filepath.Join(d.dir, "data", "keywright.db"),
		Pepper:     filepath.Join(d.dir, "config", "pepper"),
		SigningKey: filepath.Join(d.dir, "config", "signing.key"),
	}
	if _, err := config.Init(d.ctx, d.paths, rand.Reader, d.io.Now); err != nil {
		return err
	}
	var err error
	if d.ws, err = config.Open(d.ctx, d.paths, config.Mode{Now: d.io.Now}); err != nil {
		return err
	}
	d.screen.fact("store", "%s (SQLite); the pepper and the signing key stand apart from it", d.paths.Store)
	life := d.ws.Issuer(rand.Reader)
	scopes := []issuer.Scope{"orders:read", "orders:write"}
	if _, err := life.CreateFamily(d.ctx, family, scopes, d.act()); err != nil {
		return err
	}
	d.screen.fact("family", "%s, scopes %s %s", family, scopes[0], scopes[1])
	for i, owner := range []string{"billing", "deploy-bot"} {
		d.plain[i], d.keys[i], err = life.Issue(d.ctx, issuer.IssueRequest{Family: family, Owner: owner, Scopes: scopes[:i+1], Act: d.act()})
		if err != nil {
			return err
		}
		d.screen.fact("key", "%s_%s… for %s, %s", family, d.keys[i].ID, owner, cmdio.ScopeText(d.keys[i].Scopes))
	}
	uses := func(u issuer.Use) { _ = d.ws.Keys.Touch(d.ctx, []issuer.Use{u}) } // one client: no need to batch
	if d.api, err = startAPI(d.ctx, &issuer.Verifier{Store: d.ws.Keys, Keyring: d.ws.Keyring, Now: d.io.Now, Touch: uses}); err != nil {
		return err
	}
	return d.callBoth(http.StatusOK)
}

// callBoth calls the API with both keys and wants that status.
func (d *demo) callBoth(want int) error {
	for i := range d.plain {
		status, line, err := d.api.call(d.ctx, d.plain[i])
		if err != nil {
			return err
		}
		d.screen.fact("call", "GET %s with %s's key: %s", d.api.url, d.keys[i].Owner, line)
		if status != want {
			return fmt.Errorf("the API answered %s, not %d", line, want)
		}
	}
	return nil
}

// leak clones and plants.
func (d *demo) leak(from string, named bool) error {
	d.screen.step("Leak: both keys slip into a clone of a real repository")
	var err error
	if d.repo, err = cloneOf(d.ctx, from, named, filepath.Join(d.dir, "clone")); err != nil {
		return err
	}
	d.screen.fact("clone", "of %s", d.repo.from)
	p, err := d.repo.plant(d.plain[0], d.plain[1])
	if err != nil {
		return err
	}
	d.screen.fact("commit", "%.10s adds %s with %s's key, in clear", p.added, p.file, d.keys[0].Owner)
	d.screen.fact("commit", "%.10s deletes the file again", p.removed)
	d.screen.fact("branch", "%s, %.10s: %s hides %s's key in base64", p.branch, p.hidden, p.hiddenFile, d.keys[1].Owner)
	return nil
}

// scan looks through the whole history without a store, as a plain `keywright scan` does.
func (d *demo) scan() error {
	d.screen.step("Find: scan the whole history")
	d.screen.command("keywright scan %s --history", quoted(d.repo.dir))
	seen, result, err := d.run(flow.Options{})
	if err != nil {
		return err
	}
	s := result.Summary
	d.screen.fact("scanned", "%d commits, %d blobs, %s in %.2f s, with %d patterns", s.Commits, s.Blobs, size(s.Bytes), s.Elapsed.Seconds(), s.Patterns)
	for _, skip := range seen.skips {
		d.screen.fact("skipped", "%s", skip.Error())
	}
	for _, f := range seen.ours {
		d.screen.fact("found", "%s in %s:%d @ %.10s%s", f.Redacted, f.Location.Path, f.Location.Span.Line, f.Location.Commit, through(f.Decoded))
	}
	if n := seen.others; n > 0 {
		d.screen.fact("besides", "%s that the repository had before: keywright scan shows them", findings(n))
	}
	return d.bothFound(seen.ours)
}

// bothFound wants both keys.
func (d *demo) bothFound(found []scanner.Finding) error {
	for _, k := range d.keys {
		if !slices.ContainsFunc(found, func(f scanner.Finding) bool { return f.KeyID == string(k.ID) }) {
			return fmt.Errorf("the planted key %s was not found", k.ID)
		}
	}
	return nil
}

// verify asks the store about what is found, and plans.
func (d *demo) verify() error {
	d.screen.step("Verify: the scanner and the issuer share one store, so it knows at once")
	d.screen.command("keywright scan %s --history --revoke --dry-run", quoted(d.repo.dir))
	options := d.joined()
	options.DryRun = true
	seen, result, err := d.run(options)
	if err != nil {
		return err
	}
	for _, f := range seen.ours {
		d.screen.fact("verdict", "%s is %s: of %s, scopes %s, last used %s ago", f.Redacted, f.Verdict, f.Owner, strings.Join(f.Scopes, " "),
			d.sinceUse(f.KeyID))
	}
	for _, action := range result.Plan {
		d.screen.fact("plan", "%s %s, because: %s", action.Kind, action.Target, action.Why)
	}
	if len(result.Plan) != len(d.keys) {
		return fmt.Errorf("the plan has %d actions, not %d", len(result.Plan), len(d.keys))
	}
	return nil
}

// sinceUse is how long ago the store saw a key used.
func (d *demo) sinceUse(id string) time.Duration {
	k, err := d.ws.Keys.Key(d.ctx, issuer.KeyID(id))
	if err != nil {
		return 0
	}
	return d.io.Now().Sub(k.LastUsedAt).Round(time.Millisecond)
}

// revoke carries the plan out and calls the API again.
func (d *demo) revoke() error {
	d.screen.step("Revoke: from the finding to the dead key")
	d.screen.command("keywright scan %s --history --revoke", quoted(d.repo.dir))
	seen, result, err := d.run(d.joined())
	if err != nil {
		return err
	}
	for _, outcome := range result.Outcomes {
		d.screen.fact("done", "%s %s: %s", outcome.Action.Kind, outcome.Action.Target, outcome.State)
	}
	if err := d.callBoth(http.StatusUnauthorized); err != nil {
		return err
	}
	d.screen.fact("time", "%.1f ms between the first finding and both keys refused", float64(time.Since(seen.first).Microseconds())/1000)
	for _, inc := range result.Incidents {
		if inc.Verdict.KeyID != "" {
			d.incidents = append(d.incidents, inc.ID)
		}
	}
	return nil
}

// prove shows the incidents and the log, and how to do it all by hand.
func (d *demo) prove() error {
	d.screen.step("Prove: what happened stands in a tamper-evident log")
	if _, err := d.ws.Seal(d.ctx); err != nil {
		return err
	}
	for _, id := range d.incidents {
		inc, err := d.ws.Incidents.Incident(d.ctx, id)
		if err != nil {
			return err
		}
		d.screen.fact("incident", "%s: %s of %s, %s, found %s; %s", inc.ID, inc.Redacted, inc.Verdict.Owner, inc.State,
			cmdio.Time(inc.FirstSeenAt), outcomes(inc))
	}
	err := d.ws.Log.Leaves(d.ctx, 0, func(_ int64, leaf []byte) error {
		event, err := audit.Decode(leaf)
		d.screen.fact("event", "%2d  %-18s %s", event.Index, event.Kind, event.Subject)
		return err
	})
	if err != nil {
		return err
	}
	report, err := audit.Verify(d.ctx, d.ws.Log, audit.Options{PublicKey: d.ws.Identity.PublicKey})
	if err != nil {
		return err
	}
	d.screen.fact("log", "holds: %d events under %d signed checkpoints, root %s", report.Events, report.Checkpoints, report.Root)
	d.byHand()
	return nil
}

// byHand prints the commands that do the same, each to be run as it stands. The keys of the demo are dead by now, so
// they begin with a new one.
func (d *demo) byHand() {
	d.screen.step("The same by hand")
	if folder := notOnPath(); folder != "" {
		d.screen.command("export PATH=%s:$PATH", quoted(folder))
	}
	where := "."
	if d.keep {
		where = d.repo.dir
		d.screen.command("export KEYWRIGHT_STORE=%s KEYWRIGHT_PEPPER_FILE=%s KEYWRIGHT_SIGNING_KEY_FILE=%s",
			quoted(d.paths.Store), quoted(d.paths.Pepper), quoted(d.paths.SigningKey))
	} else {
		d.screen.command("keywright init")
		d.screen.command("keywright family create %s --scope orders:read --scope orders:write", family)
	}
	d.screen.command("KEY=$(keywright key issue --family %s --owner billing --scope orders:read)", family)
	d.screen.command(`echo "ORDERS_API_KEY=$KEY" > %s`, quoted(filepath.Join(where, "leaked.env")))
	for _, line := range []string{
		"keywright scan " + quoted(where) + " --verify", "keywright scan " + quoted(where) + " --revoke --dry-run",
		"keywright scan " + quoted(where) + " --revoke",
		"keywright key list", "keywright incident list", "keywright audit list", "keywright audit verify",
	} {
		d.screen.command("%s", line)
	}
	if d.keep {
		d.screen.fact("kept", "%s", d.dir)
	}
}

// notOnPath is the folder of this program when the shell would not find it there by its name, as after `make demo`.
func notOnPath() string {
	self, err := os.Executable()
	if err != nil || filepath.Base(self) != "keywright" {
		return ""
	}
	if found, err := exec.LookPath("keywright"); err == nil {
		one, oneErr := os.Stat(found)
		other, otherErr := os.Stat(self)
		if oneErr == nil && otherErr == nil && os.SameFile(one, other) {
			return ""
		}
	}
	return filepath.Dir(self)
}

// quoted is a path as a shell takes it for one word.
func quoted(path string) string {
	if strings.Trim(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:@%") == "" {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}

func (d *demo) act() issuer.Act { return issuer.Act{Actor: "demo", At: d.io.Now()} }

// joined are the options of `keywright scan --revoke`.
func (d *demo) joined() flow.Options {
	return flow.Options{
		Verifier:  verify.First{verify.Issued{Keys: &issuer.Verifier{Store: d.ws.Keys, Keyring: d.ws.Keyring, Now: d.io.Now}, Now: d.io.Now}},
		Incidents: d.ws.Incidents,
		Revoker:   d.ws.Revoker(),
		Policy:    respond.Policy{Revoke: true},
	}
}

// run scans the clone's history through the flow.
func (d *demo) run(o flow.Options) (*seen, flow.Result, error) {
	o.Source, o.Actor, o.Now, o.Rand = d.repo.from, "demo", d.io.Now, rand.Reader
	set, err := cmdio.Patterns(nil)
	if err != nil {
		return nil, flow.Result{}, err
	}
	s, err := scanner.New(set, d.accepted())
	if err != nil {
		return nil, flow.Result{}, err
	}
	repo, err := gitsource.Open(d.repo.dir, gitsource.Options{TempDir: d.dir})
	if err != nil {
		return nil, flow.Result{}, err
	}
	found := &seen{planted: d.keys}
	result, err := flow.Run(d.ctx, s, repo.History(), found, o)
	return found, result, errors.Join(err, repo.Close())
}

// accepted are the ignore file and the salt of what was cloned, as `keywright scan` takes them there. A broken one
// accepts nothing here; the scan says what is wrong with it.
func (d *demo) accepted() scanner.Options {
	var o scanner.Options
	if rules, err := baseline.LoadIgnore(filepath.Join(d.repo.from, baseline.IgnoreFile)); err == nil {
		o.Ignore = baseline.NewRules(d.io.Now(), nil, rules)
	}
	if salt, err := baseline.ReadSalt(filepath.Join(d.repo.from, filepath.FromSlash(baseline.SaltFile))); err == nil {
		o.Fingerprinter.Salt = func() ([scanner.SaltSize]byte, error) { return salt, nil }
	}
	return o
}

func through(decoded []string) string {
	if len(decoded) == 0 {
		return ""
	}
	return ", through " + strings.Join(decoded, " in ")
}

func findings(n int) string {
	if n == 1 {
		return "1 finding"
	}
	return fmt.Sprintf("%d findings", n)
}

// size shows bytes for people.
func size(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	default:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
}
