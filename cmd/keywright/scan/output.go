package scan

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/keywright/keywright/cmd/keywright/internal/cmdio"
	"github.com/keywright/keywright/scanner/report"
)

// output is where the report goes: standard output, or a file that is replaced as a whole when the report is done,
// so that a scan which could not start leaves the old report.
type output struct {
	sink report.Sink
	file *os.File // nil: standard output
	path string   // the file is renamed to it; empty: the file is the target itself, a device or a pipe
}

func newOutput(streams *cmdio.IO, o *Options) (*output, error) {
	out := &output{}
	writer := streams.Out
	if o.Output != "" {
		if err := out.open(filepath.Clean(o.Output)); err != nil {
			return nil, fmt.Errorf("write the report: %w", err)
		}
		writer = out.file
	}
	var err error
	out.sink, err = report.New(report.Format(o.Format), writer, report.Options{
		Reveal: o.Reveal, Color: streams.Color() && o.Output == "", Version: streams.Version,
	})
	return out, err
}

func (o *output) open(path string) error {
	target, err := os.Stat(path)
	if err == nil && !target.Mode().IsRegular() {
		o.file, err = os.OpenFile(path, os.O_WRONLY, 0)
		return err
	}
	if err == nil { // a link's target is replaced, not the link
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return err
		}
	}
	if o.file, err = os.CreateTemp(filepath.Dir(path), ".keywright-report-"); err != nil {
		return err
	}
	o.path = path
	if target != nil {
		return o.file.Chmod(target.Mode().Perm())
	}
	return nil
}

// close puts the file in place. When the scan failed before it had anything to report, the old file stays.
func (o *output) close(failed error) error {
	if o.file == nil {
		return nil
	}
	written, err := o.file.Seek(0, io.SeekCurrent)
	if o.path == "" {
		return o.file.Close()
	}
	err = errors.Join(err, o.file.Sync(), o.file.Close())
	if err == nil && (failed == nil || written > 0) {
		err = os.Rename(o.file.Name(), o.path)
	} else {
		_ = os.Remove(o.file.Name())
	}
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}
