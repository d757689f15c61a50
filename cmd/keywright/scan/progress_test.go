package scan

import (
	"testing"
	"time"
)

func TestTheLineSaysHowFarAScanIs(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		state   state
		elapsed time.Duration
		want    string
	}{
		{"nothing yet", state{}, 0, "scanning: 0 blobs  0.0 MB  0 MB/s"},
		{"no total", state{blobs: 1200, bytes: 30e6}, 2 * time.Second, "scanning: 1200 blobs  30.0 MB  15 MB/s"},
		{"a total, and too little done to tell the rest", state{blobs: 1, bytes: 1e6, objects: 1, total: 1000}, time.Second,
			"[>                   ]  0%  1.0 MB  1 MB/s"},
		{"half of it", state{blobs: 500, bytes: 4e9, secrets: 2, objects: 500, total: 1000}, 4 * time.Second,
			"[==========>         ] 50%  4.00 GB  1000 MB/s  0:04 left  2 secrets"},
		{"the last object but one", state{bytes: 8e9, objects: 999, total: 1000}, 8 * time.Second,
			"[===================>] 99%  8.00 GB  1000 MB/s  0:00 left"},
		{"all objects read: what follows has no total", state{blobs: 1001, bytes: 9e6, objects: 1000, total: 1000}, time.Second,
			"scanning: 1001 blobs  9.0 MB  9 MB/s"},
		{"hours", state{bytes: 1e12, objects: 20, total: 1000, secrets: 100000}, 10 * time.Minute,
			"[>                   ]  2%  1000.00 GB  1667 MB/s  8:10:00 left  100000 secrets"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := tt.state.line(tt.elapsed)
			if got != tt.want {
				t.Errorf("line is\n%q, want\n%q", got, tt.want)
			}
			if len(got) > 79 {
				t.Errorf("it has %d columns", len(got))
			}
		})
	}
}
