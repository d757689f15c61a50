package scan

import (
	"fmt"
	"time"

	"github.com/keywright/keywright/cmd/keywright/internal/cmdio"
	"github.com/keywright/keywright/scanner"
)

// progressEvery is how often the line changes: often enough to live, too rare to cost.
const progressEvery = 100 * time.Millisecond

// progress is one line on stderr that is written over, on a terminal only.
type progress struct {
	io    *cmdio.IO
	on    bool
	shown bool
	last  time.Time
}

func newProgress(io *cmdio.IO, o *Options) *progress {
	return &progress{io: io, on: io.ErrTerminal && !o.Quiet, last: time.Now()}
}

func (p *progress) show(now scanner.Progress) {
	if !p.on || time.Since(p.last) < progressEvery {
		return
	}
	p.last, p.shown = time.Now(), true
	_, _ = fmt.Fprintf(p.io.Err, "\r\x1b[Kscanning: %d blobs, %d MiB, %d secrets so far", now.Blobs, now.Bytes>>20, now.Secrets)
}

// clear removes the line before anything else is written.
func (p *progress) clear() {
	if p.shown {
		p.shown = false
		_, _ = fmt.Fprint(p.io.Err, "\r\x1b[K")
	}
}
