package scan

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/keywright/keywright/cmd/keywright/internal/cmdio"
	"github.com/keywright/keywright/scanner/report"
)

// output is where the report goes.
type output struct {
	sink report.Sink
	file *os.File // nil: standard output
}

func newOutput(io *cmdio.IO, o *Options) (*output, error) {
	out := &output{}
	writer := io.Out
	if o.Output != "" {
		var err error
		if out.file, err = os.OpenFile(filepath.Clean(o.Output), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600); err != nil {
			return nil, fmt.Errorf("write the report: %w", err)
		}
		writer = out.file
	}
	var err error
	out.sink, err = report.New(report.Format(o.Format), writer, report.Options{
		Reveal: o.Reveal, Color: io.Color() && o.Output == "", Version: io.Version,
	})
	return out, err
}

// close makes the file complete, or says why it is not.
func (o *output) close() error {
	if o.file == nil {
		return nil
	}
	if err := errors.Join(o.file.Sync(), o.file.Close()); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}
