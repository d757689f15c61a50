package packfile_test

import (
	"io"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/keywright/keywright/internal/packfile"
)

// BenchmarkWalk reads every object of a packed repository, in turn with git itself, and says how long a walk takes
// against git, by the clock and in processor time. BENCH_REPO names another repository to read: its git directory.
func BenchmarkWalk(b *testing.B) {
	r := repository{dir: os.Getenv("BENCH_REPO"), size: packfile.SHA1Size}
	if r.dir == "" {
		r = newRepository(b, "sha1")
		for _, folder := range []string{"net/http", "go/types", "runtime", "crypto/tls"} {
			r.addHistory(b, folder, folder, 1500)
		}
		r.git(b, nil, "repack", "-qadf")
	}
	for _, c := range []struct {
		name    string
		options packfile.Options
	}{
		{"one worker", packfile.Options{Workers: 1}},
		{"all cores", packfile.Options{}},
	} {
		b.Run(c.name, func(b *testing.B) {
			var git, walk spent
			var stats packfile.Stats
			for b.Loop() {
				b.StopTimer()
				git.add(readByGit(b, r))
				b.StartTimer()
				wall, cpu := time.Now(), ownCPU()
				stats = walkOnce(b, r, c.options)
				walk.add(spent{time.Since(wall), ownCPU() - cpu})
			}
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			b.SetBytes(stats.Bytes)
			b.ReportMetric(walk.wall.Seconds()/git.wall.Seconds(), "of-git")
			b.ReportMetric(walk.cpu.Seconds()/git.cpu.Seconds(), "cpu-of-git")
			b.ReportMetric(float64(stats.Inflated)/float64(stats.Bytes), "inflated/byte")
			b.ReportMetric(float64(m.HeapSys-m.HeapReleased)/(1<<20), "heap-MiB")
		})
	}
}

// spent is time by the clock and of processors.
type spent struct{ wall, cpu time.Duration }

func (s *spent) add(more spent) { s.wall += more.wall; s.cpu += more.cpu }

// ownCPU is the processor time of this process so far.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func readByGit(b *testing.B, r repository) spent {
	b.Helper()
	start := time.Now()
	cmd := r.command("cat-file", "--batch-all-objects", "--unordered", "--batch", "--buffer")
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	if _, err := io.CopyBuffer(onlyWriter{io.Discard}, out, make([]byte, 1<<18)); err != nil {
		b.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		b.Fatal(err)
	}
	return spent{time.Since(start), cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
}

// onlyWriter hides the writer's own way to read from a pipe, which takes small steps.
type onlyWriter struct{ io.Writer }

// walkOnce opens the packs too: so does git.
func walkOnce(b *testing.B, r repository, options packfile.Options) packfile.Stats {
	b.Helper()
	packs := r.packs(b)
	v := packfile.Visitor{
		Object: func(packfile.Object) (any, error) { return nil, nil },
		Unread: func(u packfile.Unread) error { return u.Err },
	}
	stats, err := packfile.Walk(b.Context(), packs, options, v)
	if err != nil {
		b.Fatal(err)
	}
	for _, p := range packs {
		if err := p.Close(); err != nil {
			b.Fatal(err)
		}
	}
	return stats
}
