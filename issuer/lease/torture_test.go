//go:build linux

package lease_test

import (
	"context"
	cryptorand "crypto/rand"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/keywright/keywright/internal/store/postgres"
	"github.com/keywright/keywright/internal/store/storetest/pgtest"
	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/issuer/lease"
)

// The torture: real processes on one Postgres, under faults, and a history of every verification. P1 is simple for one
// key: no VALID whose start is after the acknowledgement of the key's revocation, by the one monotonic clock of the
// machine. So the latest start of a VALID is all that has to be kept for a key and a process, and no operation is left
// out of the check. The history is a file that all processes map: what a process wrote outlives its SIGKILL.

// The environment of a verifier process.
const (
	historyVariable  = "KEYWRIGHT_TORTURE_HISTORY"
	addressVariable  = "KEYWRIGHT_TORTURE_ADDRESS"
	numberVariable   = "KEYWRIGHT_TORTURE_NUMBER"
	mutantVariable   = "KEYWRIGHT_TORTURE_MUTANT"
	durationVariable = "KEYWRIGHT_TORTURE" // of `make torture`
)

const (
	processes  = 4
	revokers   = 8
	maxKeys    = 100_000
	window     = 48 // latest keys that are verified all the time
	maxKeyText = 96
)

// history is the mapped file. Its words are written by one process each, or published by one.
type history struct {
	Stop, Keys atomic.Int64
	Operations [processes]atomic.Int64
	Key        [maxKeys]keyHistory
}

type keyHistory struct {
	Text         [maxKeyText]byte
	Length       int64
	Acknowledged atomic.Int64            // 0: not
	LastValid    [processes]atomic.Int64 // the latest start of a VALID
	Answered     [processes]atomic.Int64 // the earliest start of any answer after the acknowledgement, 0: none
}

// monotonic is CLOCK_MONOTONIC, which all processes share.
func monotonic() int64 {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		panic(err)
	}
	return now.Nano()
}

func mapHistory(path string) (*history, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // the mapping stays
	size := int(unsafe.Sizeof(history{}))
	if err := file.Truncate(int64(size)); err != nil {
		return nil, err
	}
	mapped, err := unix.Mmap(int(file.Fd()), 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	return (*history)(unsafe.Pointer(&mapped[0])), nil
}

// verifierProcess is one of the processes: it verifies the latest keys until it is told to stop, or killed.
func verifierProcess(path string) int {
	if err := verifyForever(path); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func verifyForever(path string) error {
	h, err := mapHistory(path)
	if err != nil {
		return err
	}
	number, err := strconv.Atoi(os.Getenv(numberVariable))
	if err != nil {
		return err
	}
	pepper := map[int][]byte{1: []byte(torturePepper)}
	keyring, err := issuer.NewKeyring(pepper, pepper)
	if err != nil {
		return err
	}
	store, err := postgres.Open(context.Background(), os.Getenv(addressVariable), postgres.Options{})
	for ; err != nil; store, err = postgres.Open(context.Background(), os.Getenv(addressVariable), postgres.Options{}) {
		if h.Stop.Load() != 0 || os.Getppid() == 1 {
			return nil
		}
		time.Sleep(10 * time.Millisecond) // the faults make it fail
	}
	clock, err := lease.NewClock()
	if err != nil {
		return err
	}
	var port lease.Store = store
	if os.Getenv(mutantVariable) != "" {
		port = fenceless{store}
	}
	node, err := lease.Start(lease.Options{Store: port, Name: "process " + strconv.Itoa(number), Clock: clock})
	if err != nil {
		return err
	}
	v := &issuer.Verifier{Cache: node, Keyring: keyring, Now: time.Now}
	for h.Stop.Load() == 0 && os.Getppid() != 1 {
		verifyWindow(h, number, v)
		time.Sleep(500 * time.Microsecond) // the machine is shared by all processes and the database
	}
	return errors.Join(node.Close(), store.Close())
}

const torturePepper = "this pepper is of a test, no more"

func verifyWindow(h *history, number int, v *issuer.Verifier) {
	count := h.Keys.Load()
	for k := max(0, count-window); k < count; k++ {
		key := &h.Key[k]
		text := issuer.Present(string(key.Text[:key.Length]))
		acknowledged := key.Acknowledged.Load()
		ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
		start := monotonic()
		d := v.Verify(ctx, text, issuer.Request{})
		cancel()
		if d.Valid() {
			raise(&key.LastValid[number], start)
		}
		if acknowledged != 0 && d.Code != issuer.CodeUndecided {
			key.Answered[number].CompareAndSwap(0, start)
		}
		h.Operations[number].Add(1)
	}
}

func raise(word *atomic.Int64, to int64) {
	for {
		now := word.Load()
		if now >= to || word.CompareAndSwap(now, to) {
			return
		}
	}
}

// fenceless is the mutant: its renewals do not look at the fence.
type fenceless struct{ *postgres.Store }

func (f fenceless) Renew(ctx context.Context, i lease.Incarnation, applied issuer.Seq) (lease.Renewal, error) {
	r, err := f.Store.Renew(ctx, i, applied)
	if !errors.Is(err, lease.ErrOut) {
		return r, err
	}
	// As if the row were not fenced.
	r = lease.Renewal{Term: lease.MinTerm, Wait: lease.MinTerm, Settled: true}
	rows, err := f.Pool().Query(ctx, `SELECT e.generation, e.seq, coalesce(i.seq, 0), coalesce(i.scope_kind, ''), coalesce(i.scope_id, '')
		FROM epoch e LEFT JOIN invalidation i ON i.generation = e.generation AND i.seq > $1 ORDER BY i.seq`, int64(applied))
	if err != nil {
		return r, err
	}
	defer rows.Close()
	for rows.Next() {
		var one lease.Invalidation
		if err := rows.Scan(&r.At.Generation, &r.At.Seq, &one.Seq, &one.Scope.Kind, &one.Scope.ID); err != nil {
			return r, err
		}
		if one.Seq > 0 && one.Seq <= r.At.Seq {
			r.Invalidations = append(r.Invalidations, one)
		}
	}
	return r, rows.Err()
}

func (f fenceless) Ack(ctx context.Context, i lease.Incarnation, at issuer.Token) error {
	if err := f.Store.Ack(ctx, i, at); err != nil && !errors.Is(err, lease.ErrOut) {
		return err
	}
	return nil
}

// torture is one run.
type torture struct {
	t       *testing.T
	server  *pgtest.Server
	address string
	history *history
	path    string
	mutant  bool
	proxies [processes]*proxy
	running [processes]*exec.Cmd
	waits   []time.Duration
	mu      sync.Mutex // of waits
}

func newTorture(t *testing.T, mutant bool) *torture {
	t.Helper()
	own := ownServer(t)
	x := &torture{t: t, server: own, address: own.Database(t), path: filepath.Join(t.TempDir(), "history"), mutant: mutant}
	var err error
	if x.history, err = mapHistory(x.path); err != nil {
		t.Fatal(err)
	}
	for i := range x.proxies {
		x.proxies[i] = newProxy(t, filepath.Join(own.Folder(), ".s.PGSQL.5432"))
		x.spawn(i)
	}
	t.Cleanup(x.stop)
	return x
}

func (x *torture) spawn(number int) {
	x.t.Helper()
	parsed, err := url.Parse(x.address)
	if err != nil {
		x.t.Fatal(err)
	}
	parsed.RawQuery = url.Values{"host": {x.proxies[number].folder}}.Encode()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), historyVariable+"="+x.path, addressVariable+"="+parsed.String(), numberVariable+"="+strconv.Itoa(number))
	if x.mutant {
		cmd.Env = append(cmd.Env, mutantVariable+"=1")
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		x.t.Fatal(err)
	}
	x.running[number] = cmd
}

func (x *torture) signal(number int, signal syscall.Signal) {
	if err := x.running[number].Process.Signal(signal); err != nil {
		x.t.Error(err)
	}
}

func (x *torture) kill(number int) {
	x.signal(number, syscall.SIGKILL)
	_ = x.running[number].Wait() // "signal: killed"
}

func (x *torture) stop() {
	x.history.Stop.Store(1)
	for i, cmd := range x.running {
		_ = cmd.Process.Signal(syscall.SIGCONT)
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		select {
		case err := <-ended:
			if err != nil {
				x.t.Errorf("process %d: %v", i, err)
			}
		case <-time.After(20 * time.Second):
			x.t.Errorf("process %d does not end", i)
			_ = cmd.Process.Kill()
		}
	}
}

// revoke issues keys, and revokes each while it is verified everywhere.
func (x *torture) revoke(until time.Time) {
	store, err := postgres.Open(x.t.Context(), x.address, postgres.Options{})
	if err != nil {
		x.t.Error(err)
		return
	}
	defer store.Close() //nolint:errcheck // nothing is left to write
	pepper := map[int][]byte{1: []byte(torturePepper)}
	keyring, err := issuer.NewKeyring(pepper, pepper)
	if err != nil {
		x.t.Error(err)
		return
	}
	act := issuer.Act{Actor: "torture"}
	_ = store.CreateFamily(x.t.Context(), issuer.Family{Prefix: "acme"}, act) // several revokers: one makes it
	for time.Now().Before(until) {
		text, id, err := issuer.Mint(cryptorand.Reader, "acme", keyring)
		if err != nil {
			x.t.Error(err)
			return
		}
		key := issuer.Key{ID: id, Family: "acme", Owner: "alice", Digest: keyring.Digest(text), Status: issuer.StatusActive}
		if store.CreateKey(x.t.Context(), key, act) != nil {
			continue // the database is down
		}
		place := x.publish(text)
		if place == nil {
			return
		}
		time.Sleep(rand.N(10 * time.Millisecond)) // let it get into the caches
		revoked, err := store.Revoke(x.t.Context(), issuer.Revocation{Key: id, Act: act})
		if err != nil {
			continue
		}
		effect, err := (&lease.Everywhere{Store: store}).Await(x.t.Context(), revoked.Token())
		if err != nil {
			continue // never success, so nothing is promised
		}
		place.Acknowledged.Store(monotonic())
		x.mu.Lock()
		x.waits = append(x.waits, effect.Waited)
		x.mu.Unlock()
	}
}

// publish shows a key to all processes; nil when the history is full.
func (x *torture) publish(text issuer.Plaintext) *keyHistory {
	x.mu.Lock()
	defer x.mu.Unlock()
	number := x.history.Keys.Load()
	if number == maxKeys {
		return nil
	}
	place := &x.history.Key[number]
	place.Length = int64(copy(place.Text[:], text.Reveal()))
	x.history.Keys.Store(number + 1)
	return place
}

// faults happen one after another until the end.
func (x *torture) faults(until time.Time, crash bool) map[string]int {
	counted := map[string]int{}
	for round := 0; time.Now().Before(until); round++ {
		number := rand.IntN(processes)
		kind := []string{"SIGSTOP", "slow connection", "dropped connections", "SIGKILL"}[round%4]
		if crash && round%8 == 6 {
			kind = "database crash"
		}
		counted[kind]++
		switch kind {
		case "SIGSTOP":
			x.signal(number, syscall.SIGSTOP)
			time.Sleep(lease.Patience(lease.MinTerm) * 2)
			x.signal(number, syscall.SIGCONT)
		case "slow connection":
			x.proxies[number].delay.Store(int64(100 * time.Millisecond))
			time.Sleep(500 * time.Millisecond)
			x.proxies[number].delay.Store(0)
		case "dropped connections":
			x.proxies[number].drop()
		case "SIGKILL":
			x.kill(number)
			x.spawn(number)
		case "database crash":
			if err := x.server.Crash(context.Background()); err != nil {
				x.t.Error(err)
			}
		}
		time.Sleep(300 * time.Millisecond)
	}
	return counted
}

// verdict checks the history.
type verdict struct{ operations, revokes, followed, broken int64 }

func (x *torture) check() verdict {
	var v verdict
	for i := range x.history.Operations {
		v.operations += x.history.Operations[i].Load()
	}
	for k := range x.history.Keys.Load() {
		key := &x.history.Key[k]
		acknowledged := key.Acknowledged.Load()
		if acknowledged == 0 {
			continue
		}
		v.revokes++
		for i := range processes {
			if key.LastValid[i].Load() > acknowledged {
				v.broken++
			}
			if first := key.Answered[i].Load(); first != 0 && first-acknowledged <= int64(10*time.Millisecond) {
				v.followed++
			}
		}
	}
	return v
}

func (x *torture) run(duration time.Duration, crash bool) verdict {
	store, err := postgres.Open(x.t.Context(), x.address, postgres.Options{})
	if err != nil {
		x.t.Fatal(err)
	}
	clock, err := lease.NewClock()
	if err != nil {
		x.t.Fatal(err)
	}
	// Short leases, so that a fault outlasts one. No process has begun one yet that is longer.
	if err := errors.Join(lease.SetTerm(x.t.Context(), store, clock, lease.MinTerm), store.Close()); err != nil {
		x.t.Fatal(err)
	}
	until := time.Now().Add(duration)
	var all sync.WaitGroup
	for range revokers {
		all.Go(func() { x.revoke(until) })
	}
	counted := x.faults(until, crash)
	all.Wait()
	v := x.check()
	slices.Sort(x.waits)
	if len(x.waits) > 0 {
		x.t.Logf("%d verifications, %d revocations, %d times one was followed by an answer of a process within 10 ms; waited %s in the median, %s at most; faults %v",
			v.operations, v.revokes, v.followed, x.waits[len(x.waits)/2], x.waits[len(x.waits)-1], counted)
	}
	return v
}

// TestTorture runs for some seconds; `make torture DURATION=10m` for as long as that says.
func TestTorture(t *testing.T) {
	duration := 10 * time.Second
	if text := os.Getenv(durationVariable); text != "" {
		var err error
		if duration, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	v := newTorture(t, false).run(duration, true)
	if v.broken > 0 {
		t.Errorf("%d times a process said VALID after the revocation held everywhere", v.broken)
	}
	if v.revokes == 0 || v.followed == 0 {
		t.Errorf("%+v proves nothing", v)
	}
}

// TestTortureFindsAMissingFence shows that the check finds something when there is something.
func TestTortureFindsAMissingFence(t *testing.T) {
	x := newTorture(t, true)
	for range 6 {
		if v := x.run(6*time.Second, false); v.broken > 0 {
			t.Logf("found: %d times a process said VALID after the revocation held everywhere", v.broken)
			return
		}
	}
	t.Error("renewals that do not look at the fence were not found out")
}

// proxy stands between one process and the database.
type proxy struct {
	folder string
	to     string
	delay  atomic.Int64 // of each piece in either direction, ns
	mu     sync.Mutex
	open   map[net.Conn]struct{}
}

func newProxy(t *testing.T, to string) *proxy {
	t.Helper()
	folder, err := os.MkdirTemp("", "kwpx") // short: a socket's path has at most 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{folder: folder, to: to, open: map[net.Conn]struct{}{}}
	listener, err := net.Listen("unix", filepath.Join(folder, ".s.PGSQL.5432"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = listener.Close()
		p.drop()
		_ = os.RemoveAll(folder)
	})
	go func() {
		for {
			from, err := listener.Accept()
			if err != nil {
				return
			}
			go p.serve(from)
		}
	}()
	return p
}

func (p *proxy) serve(from net.Conn) {
	to, err := net.Dial("unix", p.to)
	if err != nil {
		_ = from.Close()
		return
	}
	p.mu.Lock()
	p.open[from], p.open[to] = struct{}{}, struct{}{}
	p.mu.Unlock()
	done := make(chan struct{}, 2)
	go func() { p.pipe(to, from); done <- struct{}{} }()
	go func() { p.pipe(from, to); done <- struct{}{} }()
	<-done
	_, _ = from.Close(), to.Close()
	p.mu.Lock()
	delete(p.open, from)
	delete(p.open, to)
	p.mu.Unlock()
}

func (p *proxy) pipe(to io.Writer, from io.Reader) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		time.Sleep(time.Duration(p.delay.Load()))
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// drop breaks every connection.
func (p *proxy) drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.open {
		_ = conn.Close()
	}
}
