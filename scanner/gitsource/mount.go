package gitsource

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

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
	return errors.Join(err, r.mountPacks(filepath.Join(dir, "pack"), filepath.Join(target, "pack")))
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

// mountPacks links the packs that have an index and that the index was made for.
func (r *Repository) mountPacks(dir, target string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		if !isAbsent(err) {
			r.note(r.skipFor(dir, err))
		}
		return nil
	}
	names := map[string]bool{}
	for _, e := range entries {
		names[e.Name()] = true
	}
	for _, e := range entries {
		base, ext := strings.TrimSuffix(e.Name(), filepath.Ext(e.Name())), filepath.Ext(e.Name())
		if !strings.HasPrefix(base, "pack-") {
			continue
		}
		switch {
		case ext == ".pack" && !names[base+".idx"]:
			r.note(scanner.Skip{Reason: scanner.SkipMissingPack, Path: "objects/pack/" + e.Name(), Detail: "the pack has no index"})
		case ext == ".idx" && !names[base+".pack"]:
			r.note(scanner.Skip{Reason: scanner.SkipMissingPack, Path: "objects/pack/" + base + ".pack", Detail: "there is an index but no pack"})
		case ext == ".idx":
			err = errors.Join(err, r.mountPack(filepath.Join(dir, base), filepath.Join(target, base)))
		}
	}
	return err
}

func (r *Repository) mountPack(base, target string) error {
	if err := r.shim.store.openPack(base); err != nil {
		r.note(r.packSkip(base, err))
		return nil
	}
	return errors.Join(
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
