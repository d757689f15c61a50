package ci_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// fakeApt notes what it is asked for. An install, or the unpacking of a download, puts a Postgres server into the cache.
const (
	fakeApt = `#!/usr/bin/env bash
echo "apt-get $*" >>"$LOG"
case " $* " in
*" --simulate "*) echo "Inst libpq5 (15)"; echo "Inst postgresql-15 (15)"; echo "Conf postgresql-15 (15)" ;;
*" download "*) touch libpq5.deb postgresql-15.deb ;;
*" install "*) [ -z "${FAKE_STALE_LISTS:-}" ] || grep -q 'apt-get update' "$LOG" || exit 100; fake-server ;;
esac
`
	fakeDpkg   = "#!/usr/bin/env bash\necho \"dpkg-deb $1 $(basename \"$2\")\" >>\"$LOG\"\nfake-server\n"
	fakeSudo   = "#!/usr/bin/env bash\n[ -n \"${FAKE_SUDO:-}\" ] || exit 1\n[ \"$1\" = -n ] && shift\n[ \"$1\" = true ] || echo sudo >>\"$LOG\"\nexec \"$@\"\n"
	fakeID     = "#!/usr/bin/env bash\necho \"$FAKE_UID\"\n"
	fakeServer = "#!/usr/bin/env bash\nbin=$NEEDS_CACHE/usr/lib/postgresql/99/bin\nmkdir -p \"$bin\"\ncp /bin/true \"$bin/postgres\"\ncp /bin/true \"$bin/initdb\"\n"
)

func TestWhatTestsNeedIsInstalledByTheFirstWayThatIsAllowed(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name string
		env  []string
		want []string // in this order
	}{
		{"root installs", []string{"NEEDS_WAY=root", "FAKE_UID=0"}, []string{"apt-get install -y -q --no-install-recommends postgresql"}},
		{"root asks for the lists once, when they are stale", []string{"NEEDS_WAY=root", "FAKE_UID=0", "FAKE_STALE_LISTS=1"},
			[]string{"apt-get install", "apt-get update", "apt-get install"}},
		{"who may sudo without a password installs", []string{"NEEDS_WAY=sudo", "FAKE_UID=1000", "FAKE_SUDO=1"}, []string{"sudo", "apt-get install"}},
		{"anybody else unpacks what is missing", []string{"NEEDS_WAY=unpack", "FAKE_UID=1000"},
			[]string{"update", "--simulate install --no-install-recommends postgresql", "download libpq5 postgresql-15", "dpkg-deb -x libpq5.deb", "dpkg-deb -x postgresql-15.deb"}},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cache, printed, log, err := needs(t, test.env...)
			if err != nil || printed != filepath.Join(cache, "usr/lib/postgresql/99/bin") {
				t.Fatalf("printed %q, error %v, log %q", printed, err, log)
			}
			rest := log
			for _, want := range test.want {
				_, after, found := strings.Cut(rest, want)
				if !found {
					t.Fatalf("log %q lacks %q at its place", log, want)
				}
				rest = after
			}
			if test.env[0] == "NEEDS_WAY=unpack" && strings.Contains(log, "sudo") {
				t.Errorf("asked for more rights: %q", log)
			}
		})
	}
}

func TestWhatCannotBeInstalledIsAFailure(t *testing.T) {
	t.Parallel()
	_, printed, log, err := needs(t, "NEEDS_WAY=root", "FAKE_UID=1000")
	var exit *exec.ExitError
	if !errors.As(err, &exit) || printed != "" || log != "" {
		t.Errorf("printed %q, error %v, log %q", printed, err, log)
	}
}

// needs runs `.ci/needs postgres` on a machine of fakes.
func needs(t *testing.T, env ...string) (cache, printed, log string, err error) {
	t.Helper()
	base := t.TempDir()
	bin := filepath.Join(base, "bin")
	cache = filepath.Join(base, "cache")
	must(t, os.MkdirAll(bin, 0o755))
	for name, script := range map[string]string{"apt-get": fakeApt, "dpkg-deb": fakeDpkg, "sudo": fakeSudo, "id": fakeID, "fake-server": fakeServer} {
		must(t, os.WriteFile(filepath.Join(bin, name), []byte(script), 0o755))
	}
	cmd := exec.Command("bash", script(t, "../../.ci/needs"), "postgres")
	cmd.Env = append([]string{"PATH=" + bin + ":" + os.Getenv("PATH"), "LOG=" + filepath.Join(base, "log"), "NEEDS_CACHE=" + cache}, env...)
	out, err := cmd.Output()
	noted, readErr := os.ReadFile(filepath.Join(base, "log"))
	if readErr != nil && !errors.Is(readErr, os.ErrNotExist) {
		t.Fatal(readErr)
	}
	return cache, strings.TrimSpace(string(out)), string(noted), err
}

func TestTheVersionIsThatOfThisWorkingCopyOnly(t *testing.T) {
	t.Parallel()
	outer := t.TempDir()
	inner := filepath.Join(outer, "unpacked")
	must(t, os.MkdirAll(filepath.Join(inner, ".ci"), 0o755))
	script, err := os.ReadFile("../../.ci/version")
	must(t, err)
	must(t, os.WriteFile(filepath.Join(inner, ".ci/version"), script, 0o755))
	git := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-C", outer, "-c", "user.name=t", "-c", "user.email=t@example.org"}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	git("init", "-q")
	git("commit", "-q", "--allow-empty", "-m", "one")
	git("tag", "v9.9.9")
	version := func() string {
		t.Helper()
		out, err := exec.Command("bash", filepath.Join(inner, ".ci/version")).Output()
		must(t, err)
		return strings.TrimSpace(string(out))
	}
	if got := version(); got != "dev" {
		t.Errorf("an unpacked archive inside another repository calls itself %s", got)
	}
	must(t, os.Rename(filepath.Join(outer, ".git"), filepath.Join(inner, ".git")))
	if got := version(); !strings.HasPrefix(got, "v9.9.9") {
		t.Errorf("version %s, not the tag's", got)
	}
}
