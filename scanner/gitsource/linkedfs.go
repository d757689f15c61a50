package gitsource

import (
	"os"
	"path/filepath"

	"github.com/go-git/go-billy/v5"
	"github.com/go-git/go-billy/v5/osfs"
)

// linkedFS is a folder for go-git, which follows the links in it: go-billy's own file systems refuse links that
// lead out, and the shim's links to their objects do, on purpose. It is read only.
type linkedFS struct {
	base string
}

func (l linkedFS) at(name string) string { return filepath.Join(l.base, filepath.FromSlash(name)) }

func (l linkedFS) Open(name string) (billy.File, error) { return osfs.Default.Open(l.at(name)) }

func (l linkedFS) OpenFile(name string, flag int, _ os.FileMode) (billy.File, error) {
	if flag != os.O_RDONLY {
		return nil, billy.ErrReadOnly
	}
	return l.Open(name)
}

func (l linkedFS) Stat(name string) (os.FileInfo, error)  { return os.Stat(l.at(name)) }
func (l linkedFS) Lstat(name string) (os.FileInfo, error) { return os.Stat(l.at(name)) }

// ReadDir gives what the links lead to, so that a linked folder is a folder.
func (l linkedFS) ReadDir(name string) ([]os.FileInfo, error) {
	entries, err := os.ReadDir(l.at(name))
	if err != nil {
		return nil, err
	}
	var infos []os.FileInfo
	for _, e := range entries {
		if info, err := os.Stat(filepath.Join(l.at(name), e.Name())); err == nil {
			infos = append(infos, info)
		}
	}
	return infos, nil
}

func (l linkedFS) Join(parts ...string) string                  { return filepath.Join(parts...) }
func (l linkedFS) Chroot(name string) (billy.Filesystem, error) { return linkedFS{l.at(name)}, nil }
func (l linkedFS) Root() string                                 { return l.base }
func (l linkedFS) Readlink(string) (string, error)              { return "", billy.ErrNotSupported }

func (l linkedFS) Create(string) (billy.File, error)           { return nil, billy.ErrReadOnly }
func (l linkedFS) Rename(string, string) error                 { return billy.ErrReadOnly }
func (l linkedFS) Remove(string) error                         { return billy.ErrReadOnly }
func (l linkedFS) TempFile(string, string) (billy.File, error) { return nil, billy.ErrReadOnly }
func (l linkedFS) MkdirAll(string, os.FileMode) error          { return billy.ErrReadOnly }
func (l linkedFS) Symlink(string, string) error                { return billy.ErrReadOnly }
