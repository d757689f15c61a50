//go:build linux

package lease_test

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/keywright/keywright/internal/store/postgres"
	"github.com/keywright/keywright/internal/store/storetest/pgtest"
	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/issuer/lease"
)

// server is one Postgres for the tests of the package. Its default isolation level is REPEATABLE READ.
var server = pgtest.New(migrated)

func migrated(ctx context.Context, address string) error {
	s, err := postgres.Open(ctx, address, postgres.Options{Create: true})
	if err != nil {
		return err
	}
	return s.Close()
}

// ownServer is one that a test may crash.
func ownServer(t *testing.T) *pgtest.Server {
	t.Helper()
	own := pgtest.New(migrated)
	t.Cleanup(func() {
		if err := own.Stop(); err != nil {
			t.Error(err)
		}
	})
	return own
}

func TestMain(m *testing.M) {
	if history := os.Getenv(historyVariable); history != "" { // this process is a verifier of the torture
		os.Exit(verifierProcess(history))
	}
	os.Exit(server.Main(m))
}

// clock is a clock that a test moves.
type clock struct{ now atomic.Int64 }

func (c *clock) Now() time.Duration      { return time.Duration(c.now.Load()) }
func (c *clock) Sync() time.Duration     { return c.Now() }
func (c *clock) advance(d time.Duration) { c.now.Add(int64(d)) }
func (c *clock) whileAdvancing(f func()) { c.advancing(f, 50*time.Millisecond) }
func (c *clock) advancing(f func(), step time.Duration) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
			c.advance(step)
		}
	}
}

// house is a database with verifiers and a clock that all of them share.
type house struct {
	t       *testing.T
	address string
	store   *postgres.Store
	keyring *issuer.Keyring
	clock   *clock
}

func newHouse(t *testing.T) *house {
	t.Helper()
	return newHouseAt(t, server.Database(t))
}

func newHouseAt(t *testing.T, address string) *house {
	t.Helper()
	h := &house{t: t, address: address, clock: new(clock)}
	h.store = h.open()
	var err error
	if h.keyring, err = issuer.GenerateKeyring(rand.Reader); err != nil {
		t.Fatal(err)
	}
	family := issuer.Family{Prefix: "acme", CreatedAt: time.Now()}
	if err := h.store.CreateFamily(t.Context(), family, issuer.Act{Actor: "test"}); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *house) open() *postgres.Store {
	h.t.Helper()
	return h.openAt(h.address)
}

func (h *house) openAt(address string) *postgres.Store {
	h.t.Helper()
	s, err := postgres.Open(h.t.Context(), address, postgres.Options{})
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() {
		if err := s.Close(); err != nil {
			h.t.Error(err)
		}
	})
	return s
}

// exec runs SQL that no part of the program would.
func (h *house) exec(statement string, args ...any) {
	h.t.Helper()
	if _, err := h.store.Pool().Exec(h.t.Context(), statement, args...); err != nil {
		h.t.Fatal(err)
	}
}

// mint makes a key that no store knows yet.
func (h *house) mint() (issuer.Plaintext, issuer.Key) {
	h.t.Helper()
	text, id, err := issuer.Mint(rand.Reader, "acme", h.keyring)
	if err != nil {
		h.t.Fatal(err)
	}
	return text, issuer.Key{
		ID: id, Family: "acme", Owner: "alice", Digest: h.keyring.Digest(text), Status: issuer.StatusActive, CreatedAt: time.Now(),
	}
}

func (h *house) create(key issuer.Key) {
	h.t.Helper()
	if err := h.store.CreateKey(h.t.Context(), key, issuer.Act{Actor: "test"}); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) issue() (issuer.Plaintext, issuer.KeyID) {
	h.t.Helper()
	text, key := h.mint()
	h.create(key)
	return text, key.ID
}

// revoke commits, and waits for nothing.
func (h *house) revoke(id issuer.KeyID) issuer.Token {
	h.t.Helper()
	revoked, err := h.store.Revoke(h.t.Context(), issuer.Revocation{Key: id, Act: issuer.Act{Actor: "test"}})
	if err != nil {
		h.t.Fatal(err)
	}
	return revoked.Token()
}

func (h *house) await(change issuer.Token) lease.Effect {
	h.t.Helper()
	effect, err := (&lease.Everywhere{Store: h.store, Clock: h.clock}).Await(h.t.Context(), change)
	if err != nil || !effect.Effective || effect.Seq != change.Seq {
		h.t.Fatalf("Await = %+v, %v", effect, err)
	}
	return effect
}

// awaitTimed is await while the clock runs.
func (h *house) awaitTimed(change issuer.Token) lease.Effect {
	h.t.Helper()
	var effect lease.Effect
	var err error
	h.clock.whileAdvancing(func() {
		effect, err = (&lease.Everywhere{Store: h.store, Clock: h.clock}).Await(h.t.Context(), change)
	})
	if err != nil || !effect.Effective {
		h.t.Fatalf("Await = %+v, %v", effect, err)
	}
	return effect
}

// node is a verifier with a lease.
type node struct {
	*lease.Manual
	v *issuer.Verifier
	h *house
}

func (h *house) node(name string, store lease.Store) *node {
	h.t.Helper()
	if store == nil {
		store = h.store
	}
	m, err := lease.NewManual(lease.Options{Store: store, Name: name, Clock: h.clock, Entries: 100, Absent: 100})
	if err != nil {
		h.t.Fatal(err)
	}
	n := &node{Manual: m, h: h, v: &issuer.Verifier{Cache: m, Keyring: h.keyring, Now: time.Now}}
	n.step()
	return n
}

func (n *node) step() {
	n.h.t.Helper()
	if err := n.Step(n.h.t.Context()); err != nil {
		n.h.t.Fatal(err)
	}
}

// says verifies a key.
func (n *node) says(text issuer.Plaintext, want issuer.Code) {
	n.h.t.Helper()
	if d := n.v.Verify(n.h.t.Context(), text, issuer.Request{}); d.Code != want {
		n.h.t.Fatalf("Verify = %s (%s, %v), want %s", d.Code, d.Reason, d.Err, want)
	}
}

// holds says whether the node answers without asking the store.
func (n *node) holds(id issuer.KeyID) bool {
	_, hit := n.Hit(id, issuer.Token{})
	return hit
}

// between is a store that does something at one moment.
type between struct {
	lease.Store
	afterKeyAt  func()
	beforeRenew func()
	afterRenew  func(*lease.Renewal, *error)
}

func (b *between) KeyAt(ctx context.Context, id issuer.KeyID) (issuer.Snapshot, error) {
	s, err := b.Store.KeyAt(ctx, id)
	if b.afterKeyAt != nil {
		b.afterKeyAt()
	}
	return s, err
}

func (b *between) Renew(ctx context.Context, i lease.Incarnation, applied issuer.Seq) (lease.Renewal, error) {
	if b.beforeRenew != nil {
		b.beforeRenew()
	}
	r, err := b.Store.Renew(ctx, i, applied)
	if b.afterRenew != nil {
		b.afterRenew(&r, &err)
	}
	return r, err
}

func TestARevocationHoldsOnEveryNode(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	text, id := h.issue()
	a, b := h.node("a", nil), h.node("b", nil)
	for _, n := range []*node{a, b} {
		n.says(text, issuer.CodeValid)
		if !n.holds(id) {
			t.Fatal("the key was not kept")
		}
	}
	change := h.revoke(id)
	a.says(text, issuer.CodeValid) // committed, not acknowledged: either answer is right
	var wait sync.WaitGroup
	wait.Go(func() {
		for range 2 {
			a.step()
			b.step()
		}
	})
	effect := h.await(change)
	a.says(text, issuer.CodeRevoked)
	b.says(text, issuer.CodeRevoked)
	wait.Wait()
	if len(effect.Fenced) != 0 || effect.Waited != 0 {
		t.Errorf("effect = %+v: both acknowledged", effect)
	}
}

func TestANodeThatIsCutOffIsWaitedForAndFenced(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	text, id := h.issue()
	cut := h.node("cut off", nil)
	cut.says(text, issuer.CodeValid)
	effect := h.awaitTimed(h.revoke(id))
	if cut.holds(id) {
		t.Error("it answers from memory after the revocation holds")
	}
	if !slices.Equal(effect.Fenced, []string{"cut off"}) || effect.Waited < lease.Patience(lease.DefaultTerm) {
		t.Errorf("effect = %+v", effect)
	}
	_, other := h.issue()
	if effect := h.await(h.revoke(other)); effect.Waited != 0 || len(effect.Fenced) != 0 {
		t.Errorf("the next one waits for it again: %+v", effect)
	}
}

func TestRenewalBetweenLookupAndCheck(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	text, id := h.issue()
	// The request loads its lease and looks up; then, before it reads the clock, its lease runs out, the key is revoked,
	// and a renewal lands. The clock itself is the hook: Hit reads it between the lookup and the check.
	hooked := &hookClock{clock: h.clock}
	m, err := lease.NewManual(lease.Options{Store: h.store, Name: "a", Clock: hooked, Entries: 100, Absent: 100})
	if err != nil {
		t.Fatal(err)
	}
	n := &node{Manual: m, h: h, v: &issuer.Verifier{Cache: m, Keyring: h.keyring, Now: time.Now}}
	n.step()
	n.says(text, issuer.CodeValid)
	if !n.holds(id) {
		t.Fatal("the key was not kept")
	}
	ran := false
	hooked.hook = func() {
		h.clock.advance(lease.DefaultTerm)
		h.revoke(id)
		n.step()
		ran = true
	}
	if known, hit := n.Hit(id, issuer.Token{}); hit || !ran {
		t.Errorf("an entry from before the revocation was vouched for by a lease from after it: %+v (hook ran: %v)", known, ran)
	}
}

// hookClock does something each time a lookup reads it.
type hookClock struct {
	*clock
	hook func()
}

func (c *hookClock) Now() time.Duration {
	if c.hook != nil {
		hook := c.hook
		c.hook = nil
		hook()
	}
	return c.clock.Now()
}

func TestFenceOnlyIfNotRenewedSince(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	text, first := h.issue()
	_, second := h.issue()
	// Its acknowledgements get lost; its renewals do not.
	late := h.node("late", &deaf{Store: h.store})
	late.says(text, issuer.CodeValid)
	change := h.revoke(second)
	if err := late.Step(t.Context()); err == nil {
		t.Fatal("the acknowledgement did not fail")
	}
	if effect := h.awaitTimed(change); len(effect.Fenced) != 0 {
		t.Errorf("fenced %v, which renewed since the change and may hold a lease that the next revoker must wait for", effect.Fenced)
	}
	// The next revoker does wait for it.
	if effect := h.awaitTimed(h.revoke(first)); !slices.Equal(effect.Fenced, []string{"late"}) {
		t.Errorf("effect = %+v", effect)
	}
}

// deaf loses acknowledgements.
type deaf struct{ lease.Store }

func (deaf) Ack(context.Context, lease.Incarnation, issuer.Token) error {
	return errors.New("connection lost")
}

func TestFencedRenewalRejoins(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	text, id := h.issue()
	n := h.node("a", nil)
	n.says(text, issuer.CodeValid)
	before := n.Incarnation()
	h.awaitTimed(h.revoke(id)) // nobody steps n
	if err := n.Step(t.Context()); !errors.Is(err, lease.ErrOut) {
		t.Fatalf("a fenced verifier renewed: %v", err)
	}
	if _, leased := n.Leased(); leased {
		t.Error("it has a lease")
	}
	n.step()
	if n.Incarnation() == before || n.holds(id) {
		t.Error("it came back as what it was")
	}
	n.says(text, issuer.CodeRevoked)
	if effect := h.await(h.revoke(id)); effect.Waited != 0 {
		t.Errorf("effect = %+v", effect)
	}
}

func TestPausedRenewerBlocksNoRevoke(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, id := h.issue()
	n := h.node("paused", nil)
	// It stands in the transaction of its renewal.
	tx, err := h.open().Pool().BeginTx(t.Context(), pgx.TxOptions{IsoLevel: pgx.ReadCommitted})
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.Background()) //nolint:errcheck // it held the row, that is all
	if _, err := tx.Exec(t.Context(), "UPDATE verifier SET renewed_seq = renewed_seq WHERE incarnation = $1", string(n.Incarnation())); err != nil {
		t.Fatal(err)
	}
	started := time.Now()
	other := h.node("other", nil) // joins and renews
	change := h.revoke(id)
	other.step()
	effect := h.awaitTimed(change)
	if took := time.Since(started); took > postgres.DefaultLockTimeout {
		t.Errorf("it took %s", took)
	}
	if slices.Contains(effect.Fenced, "paused") {
		t.Error("the paused renewal's row was fenced although it is locked")
	}
}

func TestConcurrentSameRevokeBothWait(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	text, id := h.issue()
	n := h.node("a", nil)
	n.says(text, issuer.CodeValid)
	first, second := h.revoke(id), h.revoke(id)
	if first != second {
		t.Fatalf("two numbers for one revocation: %v and %v", first, second)
	}
	for _, change := range []issuer.Token{first, second} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		effect, err := (&lease.Everywhere{Store: h.store, Clock: h.clock}).Await(ctx, change)
		cancel()
		if effect.Effective || !errors.Is(err, lease.ErrNotYet) {
			t.Errorf("Await = %+v, %v, and the node still says VALID", effect, err)
		}
	}
	n.step()
	h.await(first)
	h.await(second)
}

func TestPrunedRowsForceCold(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	text, id := h.issue()
	_, other := h.issue()
	n := h.node("slow", nil)
	n.says(text, issuer.CodeValid)
	pruned := h.revoke(id)
	h.revoke(other)
	h.exec("DELETE FROM invalidation WHERE seq = $1", int64(pruned.Seq)) // the numbers have no gap at their end
	n.step()
	if n.holds(id) {
		t.Error("it holds a key whose revocation it never read")
	}
	n.says(text, issuer.CodeRevoked)
}

func TestOldSnapshotFillRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	text, id := h.issue()
	slow := &between{Store: h.store}
	n := h.node("a", slow)
	// The read begins and is answered; before it fills, the key is revoked and the revocation is applied. The fill then
	// "begins" after the application: only the numbers tell.
	slow.afterKeyAt = func() {
		slow.afterKeyAt = nil
		h.revoke(id)
		n.step()
	}
	n.says(text, issuer.CodeValid) // its request began before
	if n.holds(id) {
		t.Error("what was read before the revocation was kept after it")
	}
	n.says(text, issuer.CodeRevoked)
}

func TestNoJoinOfEarlierRead(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	text, id := h.issue()
	slow := &between{Store: h.store}
	n := h.node("a", slow)
	sent, answer := make(chan struct{}), make(chan struct{})
	slow.afterKeyAt = func() {
		slow.afterKeyAt = nil
		close(sent)
		<-answer
	}
	first := make(chan issuer.Decision)
	go func() { first <- n.v.Verify(t.Context(), text, issuer.Request{}) }()
	<-sent
	change := h.revoke(id)
	n.step()
	h.await(change)
	n.says(text, issuer.CodeRevoked) // while the earlier read of the same key is under way
	close(answer)
	if d := <-first; !d.Valid() {
		t.Errorf("the read from before the revocation: %s", d.Code)
	}
	n.says(text, issuer.CodeRevoked)
}

func TestSameNodeNameTwice(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	text, id := h.issue()
	a, b := h.node("web", nil), h.node("web", nil)
	a.says(text, issuer.CodeValid)
	b.says(text, issuer.CodeValid)
	change := h.revoke(id)
	a.step() // one of the two acknowledges
	effect := h.awaitTimed(change)
	if !slices.Equal(effect.Fenced, []string{"web"}) || b.holds(id) {
		t.Errorf("effect = %+v, and the namesake holds the key: %v", effect, b.holds(id))
	}
	h.awaitTimed(h.revoke(id))
	a.step() // it was not the one that was fenced
}

func TestAcksOfOldGenerationIgnored(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	text, id := h.issue()
	n := h.node("a", nil)
	n.says(text, issuer.CodeValid)
	stale := n.Incarnation()
	h.exec("UPDATE epoch SET place = 'elsewhere'") // as after a promotion
	change := h.revoke(id)
	if change.Generation != 2 {
		t.Fatalf("change = %+v: the first writer begins a generation", change)
	}
	if err := h.store.Ack(t.Context(), stale, change); !errors.Is(err, lease.ErrOut) {
		t.Errorf("an acknowledgement of the old generation: %v", err)
	}
	if _, err := h.store.Renew(t.Context(), stale, 0); !errors.Is(err, lease.ErrOut) {
		t.Errorf("a renewal of the old generation: %v", err)
	}
	// In the first time of a generation only the timer counts: nobody is behind, and leases of the old one may live.
	effect := h.awaitTimed(change)
	if effect.Waited < lease.Patience(lease.DefaultTerm) || n.holds(id) {
		t.Errorf("effect = %+v", effect)
	}
	if err := n.Step(t.Context()); !errors.Is(err, lease.ErrOut) {
		t.Errorf("Step = %v", err)
	}
	n.step()
	n.says(text, issuer.CodeRevoked)
	// The generation is settled now.
	_, other := h.issue()
	change = h.revoke(other)
	n.step()
	if effect := h.await(change); effect.Waited != 0 {
		t.Errorf("effect = %+v", effect)
	}
}

func TestSeqReuseAfterFailover(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	text, id := h.issue()
	_, other := h.issue()
	n := h.node("a", nil)
	n.says(text, issuer.CodeValid)
	lost := h.revoke(other)
	n.step()
	// The promoted standby never had that change: the number is free again, and the next change takes it.
	h.exec("DELETE FROM invalidation WHERE seq = $1", int64(lost.Seq))
	h.exec("UPDATE epoch SET seq = seq - 1, events = events, place = 'elsewhere'")
	reused := h.revoke(id)
	if reused.Seq != lost.Seq || reused.Generation == lost.Generation {
		t.Fatalf("lost = %+v, reused = %+v", lost, reused)
	}
	if _, err := (&lease.Everywhere{Store: h.store, Clock: h.clock}).Await(t.Context(), lost); !errors.Is(err, issuer.ErrGeneration) {
		t.Errorf("the lost change is waited for as if it were there: %v", err)
	}
	if d := n.v.Verify(t.Context(), text, issuer.Request{MinSeq: reused}); d.Code != issuer.CodeUndecided || !errors.Is(d.Err, issuer.ErrGeneration) {
		t.Errorf("Verify with the token = %s, %v", d.Code, d.Err)
	}
	h.awaitTimed(reused)
	if n.holds(id) {
		t.Error("6 of the old generation passed for 6 of the new one")
	}
}

func TestLShortenedSafely(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	text, id := h.issue()
	cut := h.node("cut off", nil) // holds a lease of 2 s
	cut.says(text, issuer.CodeValid)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := lease.SetTerm(ctx, cancelled{h.store}, h.clock, lease.MinTerm); !errors.Is(err, context.Canceled) {
		t.Fatalf("SetTerm = %v", err) // the length is set, the setter died before the wait was over
	}
	effect := h.awaitTimed(h.revoke(id))
	if effect.Waited < lease.Patience(lease.DefaultTerm) || cut.holds(id) {
		t.Errorf("effect = %+v: the revoker used the new length while an old lease lived", effect)
	}
	h.clock.whileAdvancing(func() {
		if err := lease.SetTerm(t.Context(), h.store, h.clock, lease.MinTerm); err != nil {
			t.Error(err)
		}
	})
	_, other := h.issue()
	h.node("another", nil)
	if effect := h.awaitTimed(h.revoke(other)); effect.Waited < lease.Patience(lease.MinTerm) || effect.Waited > lease.Patience(lease.DefaultTerm) {
		t.Errorf("effect = %+v: one old length later the new one counts", effect)
	}
}

// cancelled sets the length although the caller is gone, as when it dies after its commit.
type cancelled struct{ lease.Store }

func (c cancelled) SetTerm(ctx context.Context, term time.Duration) (int64, time.Duration, error) {
	return c.Store.SetTerm(context.WithoutCancel(ctx), term)
}

func TestDefaultIsolationRepeatableRead(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var level string
	if err := h.store.Pool().QueryRow(t.Context(), "SHOW default_transaction_isolation").Scan(&level); err != nil || level != "repeatable read" {
		t.Fatalf("the server's default is %q, %v", level, err)
	}
	n := h.node("a", nil)
	const changes = 8
	var wait sync.WaitGroup
	for range changes {
		_, id := h.issue()
		wait.Go(func() { h.revoke(id) })
		wait.Go(func() {
			if _, err := h.store.Renew(t.Context(), n.Incarnation(), 0); err != nil {
				t.Errorf("a renewal beside a revocation: %v", err)
			}
		})
	}
	wait.Wait()
	n.step()
	if at, _ := n.Leased(); at.Seq != 1+2*changes {
		t.Errorf("leased as of %+v after %d changes", at, 1+2*changes)
	}
}

func TestImportAfterNegativeHit(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	n := h.node("a", nil)
	text, key := h.mint()
	n.says(text, issuer.CodeUnknownID)
	if !n.holds(key.ID) {
		t.Fatal("the absence was not kept")
	}
	h.create(key)
	latest, err := h.store.Latest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if d := n.v.Verify(t.Context(), text, issuer.Request{MinSeq: latest}); !d.Valid() {
		t.Errorf("with the import's token: %s (%v)", d.Code, d.Err)
	}
	n.step()
	n.says(text, issuer.CodeValid)
}

func TestNotifyQueueFull(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	// The real queue holds 8 GB; a function of the same name before it in the path fails as the real one does then.
	h.exec(`CREATE FUNCTION public.pg_notify(text, text) RETURNS void LANGUAGE plpgsql AS $$
		BEGIN RAISE EXCEPTION 'too many notifications in the NOTIFY queue' USING ERRCODE = '54000'; END $$`)
	h.exec("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog', current_database()); END $$")
	h.store = h.open()
	if err := h.store.Nudge(t.Context()); err == nil {
		t.Fatal("the notification did not fail")
	}
	text, id := h.issue()
	n := h.node("a", nil)
	n.says(text, issuer.CodeValid)
	change := h.revoke(id)
	n.step()
	h.await(change)
	n.says(text, issuer.CodeRevoked)
}

// cable is a store whose connection a test cuts.
type cable struct {
	lease.Store
	cut atomic.Bool
}

var errCut = errors.New("the cable is cut")

func (c *cable) Renew(ctx context.Context, i lease.Incarnation, applied issuer.Seq) (lease.Renewal, error) {
	if c.cut.Load() {
		return lease.Renewal{}, errCut
	}
	return c.Store.Renew(ctx, i, applied)
}

func (c *cable) Join(ctx context.Context, i lease.Incarnation, node string) (issuer.Token, error) {
	if c.cut.Load() {
		return issuer.Token{}, errCut
	}
	return c.Store.Join(ctx, i, node)
}

func TestWithoutTheStoreAnswersEndWithTheLease(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	text, id := h.issue()
	store := &cable{Store: h.store}
	n := h.node("a", store)
	n.says(text, issuer.CodeValid)
	store.cut.Store(true)
	if err := n.Step(t.Context()); !errors.Is(err, errCut) {
		t.Fatalf("Step = %v", err)
	}
	n.says(text, issuer.CodeValid) // the lease that it has lasts
	h.clock.advance(lease.Life(lease.DefaultTerm))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if d := n.v.Verify(ctx, text, issuer.Request{}); d.Code != issuer.CodeUndecided || !errors.Is(d.Err, lease.ErrNoLease) {
		t.Errorf("after the lease: %s, %v", d.Code, d.Err)
	}
	store.cut.Store(false)
	n.step()
	if n.holds(id) {
		t.Error("it joined anew and is not cold")
	}
	n.says(text, issuer.CodeValid)
	// The incarnation that the cable cut off left when its lease could not be loaded any more.
	change := h.revoke(id)
	n.step()
	if effect := h.await(change); effect.Waited != 0 || len(effect.Fenced) != 0 {
		t.Errorf("effect = %+v", effect)
	}
}

func TestAKeyExpiresByTheStoresClock(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	text, key := h.mint()
	key.ExpiresAt = time.Now().Add(time.Minute)
	h.create(key)
	n := h.node("a", nil)
	n.v.Now = func() time.Time { return time.Unix(0, 0) } // this machine's wall clock is wrong
	n.says(text, issuer.CodeValid)
	h.exec("UPDATE epoch SET lease_ms = 60000, wait_ms = 60000")
	for range 2 { // the clock that counts goes on for more than the minute
		h.clock.advance(31 * time.Second)
		n.step()
	}
	if !n.holds(key.ID) {
		t.Fatal("the key is not in memory") // then this shows nothing
	}
	n.says(text, issuer.CodeExpired)
}
