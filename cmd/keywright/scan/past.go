package scan

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/keywright/keywright/cmd/keywright/internal/cmdio"
	"github.com/keywright/keywright/scanner"
	"github.com/keywright/keywright/scanner/gitsource"
	"github.com/keywright/keywright/scanner/memory"
)

// past is the memory of past scans of the repository.
type past struct {
	io      *cmdio.IO
	quiet   bool
	folder  *memory.Folder
	name    string // of the repository
	key     memory.Key
	history *gitsource.History
}

// newPast has the history rely on past scans. Nil where none is used: the scan is as complete without.
func newPast(io *cmdio.IO, o *Options, plan *sources, s *scanner.Scanner) *past {
	if o.NoCache || plan.past == nil || inHook(io, o) {
		return nil
	}
	p := &past{io: io, quiet: o.Quiet, history: plan.past}
	dir, ok := cacheFolder(io, o)
	if !ok || !p.open(dir, o, plan.repo) {
		return nil
	}
	// Which program it is counts too: a build whose engine was changed and not given a new version is another one.
	p.key = memory.NewKey(s.Identity(), io.Version, plan.repo.ObjectFormat(),
		strconv.FormatInt(o.MaxFileSize, 10), strconv.FormatInt(gitsource.DefaultMaxBlobBytes, 10))
	m, note := p.folder.Load(p.name, p.key)
	if note != "" {
		p.warn(note)
	}
	p.history.Remember(m)
	return p
}

// inHook: git gives a hook its variables. A hook is a gate, and with a quarantine of objects that may go away.
func inHook(io *cmdio.IO, o *Options) bool { return o.Path == "." && io.Getenv("GIT_DIR") != "" }

// cacheFolder is where memories are; false without a home. A relative XDG folder counts as not set (XDG Base Directory
// Specification 0.8).
func cacheFolder(io *cmdio.IO, o *Options) (string, bool) {
	if o.Cache != "" {
		return o.Cache, true
	}
	if dir := io.Getenv("XDG_CACHE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "keywright", "scans"), true
	}
	home := io.Getenv("HOME")
	return filepath.Join(home, ".cache", "keywright", "scans"), filepath.IsAbs(home)
}

// open opens the folder unless it lies in the repository: what is committed there others could have written.
func (p *past) open(dir string, o *Options, repo *gitsource.Repository) bool {
	place, err := resolved(dir)
	if err == nil {
		p.name, err = resolved(repo.CommonDir())
	}
	if err != nil {
		p.warn("past scans are not remembered: " + err.Error())
		return false
	}
	for _, of := range []string{repo.CommonDir(), repo.WorkTree()} {
		if of != "" && isInside(place, of) {
			p.warn("past scans are not remembered: " + dir + " is a part of what is scanned; name another folder with --cache")
			return false
		}
	}
	p.folder, err = memory.Open(place)
	if err != nil && (o.Cache != "" || errors.Is(err, memory.ErrOpenToOthers)) { // nobody asked for the folder that is the default
		p.warn("past scans are not remembered: " + err.Error())
	}
	return err == nil
}

func (p *past) warn(text string) {
	if !p.quiet {
		p.io.Warnf("%s", text)
	}
}

// isInside says whether a resolved path is a folder or below it.
func isInside(path, folder string) bool {
	root, err := resolved(folder)
	if err != nil {
		return true // not to be told: better none
	}
	rel, err := filepath.Rel(root, path)
	return err != nil || rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// resolved is the absolute path with the links followed, of what need not be there yet.
func resolved(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	target, err := filepath.EvalSymlinks(path)
	if !errors.Is(err, os.ErrNotExist) || filepath.Dir(path) == path {
		return target, err
	}
	above, err := resolved(filepath.Dir(path))
	return filepath.Join(above, filepath.Base(path)), err
}

// keep saves what the next scan may rely on, of a scan that went to its end.
func (p *past) keep(failed error) {
	if p == nil || failed != nil {
		return
	}
	draft := p.history.Draft()
	if draft == nil {
		return
	}
	if err := p.folder.Save(p.name, p.key, draft); err != nil {
		p.warn(err.Error())
	}
}
