package gitsource

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/keywright/keywright/internal/packfile"
	"github.com/keywright/keywright/scanner"
)

const maxIndexBytes = 4 << 30 // of one pack index

// mountObjects fills dest with links to the objects of the repository, so that git sees the regular files among
// them and nothing else: no FIFO that would hang it, no alternates file, no commit graph or multi-pack index
// that could tell another history than the objects do, no pack that would kill it.
func (r *Repository) mountObjects(dest string) error {
	var list strings.Builder
	for i, dir := range r.objectDirs() {
		target := dest
		if i > 0 {
			target = filepath.Join(filepath.Dir(dest), "alternate-"+strconv.Itoa(i))
			fmt.Fprintln(&list, target)
		}
		if err := r.mountDir(dir, target); err != nil {
			return fmt.Errorf("mount objects of %s: %w", r.commonDir, err)
		}
	}
	return os.WriteFile(filepath.Join(dest, "info", "alternates"), []byte(list.String()), 0o600)
}

// mounted is an objects folder and the folder of links to its parts.
type mounted struct {
	dir, target string
	changed     time.Time // when packs came or went last, as far as was seen
}

// relinks is how often the packs are listed anew because one went away between the listing and the opening.
const relinks = 3

func (r *Repository) mountDir(dir, target string) error {
	for _, sub := range []string{"info", "pack"} {
		if err := os.MkdirAll(filepath.Join(target, sub), 0o700); err != nil {
			return err
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		r.note(r.skipFor(dir, err))
		return nil
	}
	r.shim.store.addFolder(dir)
	for _, e := range entries {
		if isLooseDir(e.Name()) {
			err = errors.Join(err, r.mountLoose(filepath.Join(dir, e.Name()), filepath.Join(target, e.Name())))
		}
	}
	m := &mounted{dir: dir, target: target}
	r.shim.mounts = append(r.shim.mounts, m)
	vanished, errPacks := r.mountPacks(m, false)
	for i := 0; vanished && errPacks == nil && i < relinks; i++ {
		vanished, errPacks = r.mountPacks(m, true)
	}
	return errors.Join(err, errPacks)
}

// refresh links the packs, and the folders of loose objects, that came since they were linked last: git gc and git
// repack write what they keep anew and remove it where it was.
func (s *shim) refresh() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, m := range s.mounts {
		info, err := os.Stat(filepath.Join(m.dir, "pack"))
		if err != nil || info.ModTime().Equal(m.changed) {
			continue
		}
		_, err = s.repo.mountPacks(m, true)
		errs = append(errs, err)
		for i := range 256 {
			fan := fmt.Sprintf("%02x", i)
			if !present(filepath.Join(m.target, fan)) && present(filepath.Join(m.dir, fan)) {
				errs = append(errs, s.repo.mountLoose(filepath.Join(m.dir, fan), filepath.Join(m.target, fan)))
			}
		}
	}
	return errors.Join(errs...)
}

func isLooseDir(name string) bool {
	return len(name) == 2 && strings.Trim(name, "0123456789abcdef") == ""
}

// mountLoose links one of the 256 folders of loose objects: as a whole when all in it are regular files, else
// one by one.
func (r *Repository) mountLoose(dir, target string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		r.note(r.skipFor(dir, err))
		return nil
	}
	bad := map[string]bool{}
	for _, e := range entries {
		if err := regular(dir, e); err != nil {
			r.note(r.skipFor(filepath.Join(dir, e.Name()), err))
			bad[e.Name()] = true
		} else {
			r.shim.store.addLoose(filepath.Base(dir), e.Name())
		}
	}
	if len(bad) == 0 {
		return os.Symlink(dir, target)
	}
	if err := os.Mkdir(target, 0o700); err != nil {
		return err
	}
	for _, e := range entries {
		if !bad[e.Name()] {
			err = errors.Join(err, os.Symlink(filepath.Join(dir, e.Name()), filepath.Join(target, e.Name())))
		}
	}
	return err
}

// regular says whether a folder's entry is a regular file, after links.
func regular(dir string, e fs.DirEntry) error {
	mode := e.Type()
	if mode&fs.ModeSymlink != 0 {
		info, err := os.Stat(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		mode = info.Mode()
	}
	if !mode.IsRegular() {
		return errNotRegular
	}
	return nil
}

// mountPacks links the packs that have an index and that the index was made for. Again says that this was done
// before: then what is linked stays, and a pack without an index is one that git is still writing.
// Vanished says that a pack went away before it was opened, so that there may be another with its objects.
func (r *Repository) mountPacks(m *mounted, again bool) (vanished bool, err error) {
	dir, target := filepath.Join(m.dir, "pack"), filepath.Join(m.target, "pack")
	if info, err := os.Stat(dir); err == nil {
		m.changed = info.ModTime() // before the listing: what comes after it is seen the next time
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		if !isAbsent(err) {
			r.note(r.skipFor(dir, err))
		}
		return false, nil
	}
	names := map[string]bool{}
	for _, e := range entries {
		names[e.Name()] = true
	}
	var errs []error
	for _, e := range entries {
		base, ext := strings.TrimSuffix(e.Name(), filepath.Ext(e.Name())), filepath.Ext(e.Name())
		if !strings.HasPrefix(base, "pack-") {
			continue
		}
		switch {
		case ext == ".pack" && !names[base+".idx"] && !again:
			r.note(scanner.Skip{Reason: scanner.SkipMissingPack, Path: "objects/pack/" + e.Name(), Detail: "the pack has no index"})
		case ext == ".idx" && !names[base+".pack"] && !again:
			r.note(scanner.Skip{Reason: scanner.SkipMissingPack, Path: "objects/pack/" + base + ".pack", Detail: "there is an index but no pack"})
		case ext == ".idx" && names[base+".pack"] && !present(filepath.Join(target, e.Name())):
			gone, err := r.mountPack(filepath.Join(dir, base), filepath.Join(target, base), again)
			vanished, errs = vanished || gone, append(errs, err)
		}
	}
	return vanished, errors.Join(errs...)
}

func (r *Repository) mountPack(base, target string, late bool) (vanished bool, err error) {
	if err := r.shim.store.openPack(base, late); err != nil {
		if isAbsent(err) && !present(base+".pack") {
			return true, nil
		}
		r.note(r.packSkip(base, err))
		return false, nil
	}
	return false, errors.Join(
		os.Symlink(base+".idx", target+".idx"),
		os.Symlink(base+".pack", target+".pack"))
}

// packSkip says why a pack is not read.
func (r *Repository) packSkip(base string, err error) scanner.Skip {
	s := r.skipFor(base+".pack", err)
	switch {
	case errors.Is(err, packfile.ErrNotRegular):
		s.Reason = scanner.SkipNotARepository
	case errors.Is(err, packfile.ErrChanged):
		s.Reason = scanner.SkipChanged
	case errors.Is(err, packfile.ErrCorrupt):
		s.Reason, s.Detail = scanner.SkipCorruptObject, err.Error()
	case errors.Is(err, packfile.ErrUnsupported):
		s.Reason, s.Detail = scanner.SkipUnsupported, err.Error()
	case isAbsent(err):
		s.Reason = scanner.SkipMissingPack
	}
	return s
}
