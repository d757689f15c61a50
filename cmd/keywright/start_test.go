package main

import (
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"testing"
)

// TestOurPackagesDoNoWorkBeforeMain reads what Go says of each package's initialisation: a hook pays for it
// in each run. A sentinel error is some bytes; a compiled expression, a map or a table is more than that.
func TestOurPackagesDoNoWorkBeforeMain(t *testing.T) {
	t.Parallel()
	const mostBytes, mostAllocations = 1024, 32
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	trace, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`init github\.com/keywright/keywright/(\S+) @.* clock, (\d+) bytes, (\d+) allocs`)
	packages := line.FindAllStringSubmatch(string(trace), -1)
	if len(packages) == 0 {
		t.Fatal("no package of ours is in the trace")
	}
	for _, p := range packages {
		size, err1 := strconv.Atoi(p[2])
		allocations, err2 := strconv.Atoi(p[3])
		if err1 != nil || err2 != nil || size > mostBytes || allocations > mostAllocations {
			t.Errorf("%s allocates %s bytes in %s pieces", p[1], p[2], p[3])
		}
	}
}
