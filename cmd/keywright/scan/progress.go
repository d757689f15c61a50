package scan

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/keywright/keywright/cmd/keywright/internal/cmdio"
	"github.com/keywright/keywright/scanner"
	"github.com/keywright/keywright/scanner/gitsource"
)

// drawEvery is how often the line changes: often enough to live, too rare to cost.
const drawEvery = 100 * time.Millisecond

// progress is one line on stderr that is written over, on a terminal only. What sources and scanner tell it they tell from
// any goroutine.
type progress struct {
	io      *cmdio.IO
	on      bool
	started time.Time
	blobs   atomic.Int64 // scanned, of every kind
	bytes   atomic.Int64
	secrets atomic.Int64
	objects atomic.Int64 // of the history, read; behind the truth by what was read since it was last told
	total   atomic.Int64 // 0: not known
	read    atomic.Int64 // bytes

	mu    sync.Mutex // holds the terminal
	shown bool
	stop  chan struct{}
	ended chan struct{}
}

// newProgress begins to draw where there is a terminal to draw on. close ends it.
func newProgress(io *cmdio.IO, o *Options) *progress {
	p := &progress{io: io, on: io.ErrTerminal && !o.Quiet, started: time.Now(), stop: make(chan struct{}), ended: make(chan struct{})}
	if !p.on {
		close(p.ended)
		return p
	}
	go p.draw()
	return p
}

// scanned is what the scanner tells after each blob. Nil when nobody looks.
func (p *progress) scanned() func(scanner.Progress) {
	if !p.on {
		return nil
	}
	return func(now scanner.Progress) {
		p.blobs.Store(int64(now.Blobs))
		p.bytes.Store(now.Bytes)
		p.secrets.Store(int64(now.Secrets))
	}
}

// history is what a history tells now and then. It is kept for who interrupts the scan, also when nothing is drawn.
func (p *progress) history(now gitsource.Progress) {
	p.objects.Store(int64(now.Objects))
	p.total.Store(int64(now.Total))
	p.read.Store(now.Bytes)
}

func (p *progress) draw() {
	defer close(p.ended)
	tick := time.NewTicker(drawEvery)
	defer tick.Stop()
	for {
		select {
		case <-p.stop:
			return
		case <-tick.C:
			p.mu.Lock()
			_, _ = fmt.Fprintf(p.io.Err, "\r\x1b[K%s", p.now().line(time.Since(p.started)))
			p.shown = true
			p.mu.Unlock()
		}
	}
}

// aside takes the line away while do writes.
func (p *progress) aside(do func() error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown {
		p.shown = false
		_, _ = fmt.Fprint(p.io.Err, "\r\x1b[K")
	}
	return do()
}

// close takes the line away for good. It may be called twice.
func (p *progress) close() {
	if !p.on {
		return
	}
	p.mu.Lock()
	p.on = false
	close(p.stop)
	p.mu.Unlock()
	<-p.ended
	_ = p.aside(func() error { return nil }) // cannot fail
}

func (p *progress) now() state {
	return state{p.blobs.Load(), p.bytes.Load(), p.secrets.Load(), p.objects.Load(), p.total.Load()}
}

// state is how far a scan is at one moment.
type state struct{ blobs, bytes, secrets, objects, total int64 }

const barWidth = 20 // columns

// least is how much must be done before the rest can be told from it.
const least = 2 // percent

// line is what the terminal shows, at most 79 columns. What is left is told from what it took so far.
func (s state) line(elapsed time.Duration) string {
	var parts []string
	if s.total > 0 && s.objects < s.total {
		percent := s.objects * 100 / s.total
		bar := strings.Repeat("=", int(s.objects*barWidth/s.total)) + ">"
		parts = append(parts, fmt.Sprintf("[%-*s] %2d%%", barWidth, bar, percent), size(s.bytes), s.rate(elapsed))
		if percent >= least {
			parts = append(parts, clock(time.Duration(float64(elapsed)*float64(s.total-s.objects)/float64(s.objects)))+" left")
		}
	} else {
		parts = append(parts, fmt.Sprintf("scanning: %d blobs", s.blobs), size(s.bytes), s.rate(elapsed))
	}
	if s.secrets > 0 {
		parts = append(parts, fmt.Sprintf("%d secrets", s.secrets))
	}
	return strings.Join(parts, "  ")
}

func (s state) rate(elapsed time.Duration) string {
	if elapsed <= 0 {
		return "0 MB/s"
	}
	return fmt.Sprintf("%.0f MB/s", float64(s.bytes)/1e6/elapsed.Seconds())
}

func size(bytes int64) string {
	if bytes < 1e9 {
		return fmt.Sprintf("%.1f MB", float64(bytes)/1e6)
	}
	return fmt.Sprintf("%.2f GB", float64(bytes)/1e9)
}

// clock is a time as minutes and seconds, hours when there are any.
func clock(d time.Duration) string {
	seconds := int64(d.Round(time.Second).Seconds())
	if seconds < 3600 {
		return fmt.Sprintf("%d:%02d", seconds/60, seconds%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)
}

// covered says how far a scan came that was stopped.
func (p *progress) covered(counts scanner.Counts) string {
	objects, total, read := p.objects.Load(), p.total.Load(), p.read.Load()
	if total > 0 && objects < total {
		return fmt.Sprintf("stopped: at least %d of %d objects were read, %s", objects, total, size(max(read, counts.Bytes)))
	}
	return fmt.Sprintf("stopped: %d blobs were read, %s", counts.Blobs, size(counts.Bytes))
}
