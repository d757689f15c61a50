package lease_test

import (
	"fmt"
	"testing"
)

// The protocol as a machine of small states, searched breadth first: every order of the events below, with pauses (a
// party that does not move), crashes, lost replies and failovers. Time goes in ticks, and ages stop counting when they
// no longer matter, so the search ends by itself. Drift is in the two numbers of a lease: its holder uses it while its
// age is at most its term, and a revoker's timer is over when the change is older than that.
//
// One key is looked at. A request that starts after its revocation was acknowledged and is answered VALID breaks P1.
// A request is one step here: it starts with the lease, and what it finds later can only be less.

// rule is one rule of the protocol; a mutant drops it.
type rule string

const (
	waitForAll        rule = "a revoker waits at all"
	waitAllLeases     rule = "the timer is longer than any lease"
	fenceSilentOnly   rule = "only who did not renew since is fenced"
	renewalSeesFence  rule = "a renewal looks at its own row's fence"
	evictBeforeAck    rule = "evict, then acknowledge"
	leaseFirst        rule = "the lease is loaded before the lookup"
	fillBySeq         rule = "a fill is refused by number"
	ownRead           rule = "no joining of an earlier read"
	countRows         rule = "a number without a row makes cold"
	ownRow            rule = "each process has a row of its own"
	clockBeforeAsking rule = "a lease counts from before the question"
	rowBeforeRenewal  rule = "the row is committed before the first renewal"
	durableRows       rule = "rows outlive the database's crash"
	youngByTimer      rule = "in a young generation only the timer counts"
	renewalGeneration rule = "a renewal is of its row's generation"
	primaryGrants     rule = "a former primary grants nothing"
	readGeneration    rule = "a read is of the lease's generation"
	coldJoin          rule = "a new incarnation is cold"
	longestTerm       rule = "a shorter term counts one old term later"
	leaveAfterLease   rule = "a former row goes when its lease cannot be loaded"
)

// limits of a search.
type scene struct {
	nodes     int
	others    uint8 // changes of other keys
	failover  bool
	restarts  bool
	prunes    bool
	shortens  bool
	calm      bool  // no process crashes, and no reply gets lost
	withLease uint8 // term of leases in ticks
}

type mRow struct {
	there, fenced       bool
	gen, renewed, acked uint8
}

type mNode struct {
	row, former mRow // of the present incarnation and of the one before
	joined      bool
	applied     uint8
	gen         uint8 // of applied

	leased    bool // a lease can be loaded
	leaseGen  uint8
	age, term uint8
	cached    uint8 // what was applied to the leased cache
	entry     bool  // the leased cache has the key, as live
	apart     bool  // the renewer's cache is another, empty one

	renewal          uint8 // 0 none, 1 sent, 2 granted, 3 refused, 4 lost
	sent             uint8 // its age
	grantSeq         uint8
	grantGen         uint8
	grantTerm        uint8
	grantRevoked     bool // the rows that it read have the revocation
	grantComplete    bool // they have every number
	read             bool // a read of the key as live is under way
	readSeq, readGen uint8
	found            bool // leaseFirst dropped: a request after the acknowledgement has looked up, and found it live
}

type mState struct {
	seq, gen   uint8
	revoked    uint8 // number of the revocation, 0: live
	revokedGen uint8
	pruned     bool // the revocation's row
	others     uint8
	failed     uint8 // 0 no failover, 1 promoted and not begun, 2 begun
	young      bool
	oldSeq     uint8 // of the former primary
	oldRevoked bool
	term, wait uint8
	restarted  bool

	waiting uint8 // number that a revoker waits for, 0 none
	waitGen uint8
	waitKey bool // it is the revocation of the key
	timer   uint8
	acked   bool // the revocation was acknowledged
	nodes   [2]mNode
}

type search struct {
	scene
	without rule
	next    []mState
}

func (s *search) has(r rule) bool { return s.without != r }

func (s *search) to(state mState) { s.next = append(s.next, state) }

// broken: a request that starts now is answered VALID.
func (s *search) broken(m *mState) bool {
	if !m.acked {
		return false
	}
	for i := range s.nodes {
		n := &m.nodes[i]
		alive := n.leased && n.age <= n.term
		switch {
		case alive && n.entry:
			return true
		case alive && n.found:
			return true
		case alive && n.read && n.readGen == n.leaseGen && !s.has(ownRead):
			return true
		case alive && m.failed > 0 && !m.oldRevoked && !s.has(readGeneration): // the former primary answers its read
			return true
		}
	}
	return false
}

func (s *search) expand(m mState) {
	s.next = s.next[:0]
	s.tick(m)
	s.change(m)
	s.revoker(m)
	s.world(m)
	for i := range s.nodes {
		s.node(m, i)
		s.renew(m, i)
		s.fill(m, i)
	}
}

func older(age, end uint8) uint8 { return min(age+1, end) }

func (s *search) tick(m mState) {
	end := s.withLease + 2
	for i := range m.nodes {
		m.nodes[i].age, m.nodes[i].sent = older(m.nodes[i].age, end), older(m.nodes[i].sent, end)
	}
	m.timer = older(m.timer, end)
	s.to(m)
}

// begin is what the first writer after a promotion does.
func begin(m *mState) {
	if m.failed == 1 {
		m.failed, m.young = 2, true
		m.gen++
	}
}

func (s *search) change(m mState) {
	if m.waiting != 0 {
		return
	}
	if m.others < s.others {
		o := m
		begin(&o)
		o.seq, o.others = o.seq+1, o.others+1
		s.to(o) // nobody waits for this one
		o.waiting, o.waitGen, o.waitKey, o.timer = o.seq, o.gen, false, 0
		s.to(o)
	}
	if m.revoked == 0 {
		begin(&m)
		m.seq++
		m.revoked, m.revokedGen = m.seq, m.gen
		m.waiting, m.waitGen, m.waitKey, m.timer = m.seq, m.gen, true, 0
		s.to(m)
	}
}

// rows are those that a revoker sees.
func (s *search) rows(m *mState) []*mRow {
	var all []*mRow
	for i := range s.nodes {
		if i > 0 && !s.has(ownRow) {
			break
		}
		all = append(all, &m.nodes[i].row, &m.nodes[i].former)
	}
	return all
}

func (s *search) revoker(m mState) {
	if m.waiting == 0 || m.failed == 1 {
		return
	}
	if m.waitGen != m.gen { // it was committed before a failover: the revoker gives up
		m.waiting = 0
		s.to(m)
		return
	}
	returned := func(m mState) {
		m.acked = m.acked || m.waitKey
		m.waiting = 0
		s.to(m)
	}
	behind := false
	for _, r := range s.rows(&m) {
		behind = behind || r.there && !r.fenced && r.gen == m.gen && r.acked < m.waiting
	}
	if !s.has(waitForAll) || !behind && (!m.young || !s.has(youngByTimer)) {
		returned(m)
	}
	wait := m.wait
	if !s.has(waitAllLeases) {
		wait--
	}
	if m.timer <= wait {
		return
	}
	for _, r := range s.rows(&m) {
		silent := r.renewed < m.waiting || !s.has(fenceSilentOnly)
		if r.there && r.gen == m.gen && r.acked < m.waiting && silent {
			r.fenced = true
		}
	}
	m.young = false
	returned(m)
}

// world is what nobody asked for.
func (s *search) world(m mState) {
	if s.prunes && m.revoked > 0 && !m.pruned {
		p := m
		p.pruned = true
		s.to(p)
	}
	if s.restarts && !m.restarted && !s.has(durableRows) {
		r := m
		r.restarted = true
		for _, row := range s.rows(&r) {
			*row = mRow{}
		}
		s.to(r)
	}
	if s.shortens && m.term == s.withLease {
		c := m
		c.term--
		if !s.has(longestTerm) {
			c.wait--
		}
		s.to(c)
	}
	if s.failover && m.failed == 0 {
		f := m
		f.failed, f.oldSeq, f.oldRevoked = 1, f.seq, f.revoked > 0
		s.to(f)
		// Asynchronous, it loses a change that nobody has acknowledged: here one of another key.
		if f.others > 0 && f.seq != f.revoked && f.waiting == 0 {
			f.seq--
			s.to(f)
		}
	}
}

func (s *search) node(m mState, i int) {
	n := &m.nodes[i]
	if !n.joined && m.failed != 1 {
		j := m
		k := &j.nodes[i]
		row := mRow{there: s.has(rowBeforeRenewal), gen: j.gen, renewed: j.seq, acked: j.seq}
		k.row, k.joined, k.applied, k.gen = row, true, j.seq, j.gen
		k.apart, k.renewal = s.has(coldJoin) || !k.leased, 0
		if k.apart && !k.leased {
			k.entry, k.read, k.apart = false, false, false // nothing leads to the old cache
		}
		s.to(j)
	}
	if !n.joined && m.failed == 1 { // a join is a write too
		j := m
		begin(&j)
		s.to(j)
	}
	if n.joined && !n.row.there && !s.has(rowBeforeRenewal) {
		j := m
		j.nodes[i].row = mRow{there: true, gen: j.gen, renewed: j.seq, acked: j.seq}
		s.to(j)
	}
	if !s.calm && (n.joined || n.leased) { // a crash forgets all but the row
		c := m
		former := n.former
		if n.row.there {
			former = n.row // one is enough to be waited for: no lease of either can be used
		}
		c.nodes[i] = mNode{former: former}
		s.to(c)
	}
	if n.former.there && (n.joined && n.leased && !n.apart || !n.leased || !s.has(leaveAfterLease)) {
		l := m
		l.nodes[i].former = mRow{}
		s.to(l)
	}
	if n.joined && n.row.there && n.row.acked < n.applied && !n.row.fenced && n.row.gen == m.gen && m.failed != 1 && n.leased && !n.apart {
		a := m
		s.own(&a, i).acked = max(s.own(&a, i).acked, n.applied)
		s.to(a)
	}
	if m.acked && !s.has(leaseFirst) && n.entry && !n.found {
		f := m
		f.nodes[i].found = true
		s.to(f)
	}
}

// own is the row that a node's statements meet.
func (s *search) own(m *mState, i int) *mRow {
	if !s.has(ownRow) {
		return &m.nodes[0].row
	}
	return &m.nodes[i].row
}

func (s *search) renew(m mState, i int) {
	n := &m.nodes[i]
	switch n.renewal {
	case 0:
		if n.joined {
			n.renewal, n.sent = 1, 0
			s.to(m)
		}
	case 1:
		s.answer(m, i)
		s.lose(m, i)
	case 2:
		s.publish(m, i)
		s.lose(m, i)
	case 3, 4:
		if n.row.there && n.former.there {
			return // a third row is beyond this model: the node stops here, or crashes
		}
		if n.renewal == 3 {
			n.leased = false
		}
		if n.row.there {
			n.former = n.row
		}
		n.row, n.joined, n.renewal = mRow{}, false, 0
		s.to(m)
	}
}

func (s *search) lose(m mState, i int) {
	if !s.calm {
		m.nodes[i].renewal = 4
		s.to(m)
	}
}

// answer is the database's side of a renewal.
func (s *search) answer(m mState, i int) {
	if m.failed > 0 && !s.has(primaryGrants) { // the former primary answers, with what it has
		o := m
		k := &o.nodes[i]
		if k.gen == 1 && k.joined {
			k.renewal, k.grantSeq, k.grantGen, k.grantTerm = 2, max(o.oldSeq, k.applied), 1, s.withLease
			k.grantRevoked, k.grantComplete = o.oldRevoked, true
			s.to(o)
		}
	}
	if m.failed == 1 {
		return // in place of the answer: it hangs, and is lost
	}
	n := &m.nodes[i]
	row := s.own(&m, i)
	granted := row.there && (row.gen == m.gen || !s.has(renewalGeneration)) && (!row.fenced || !s.has(renewalSeesFence))
	if !s.has(rowBeforeRenewal) && !row.there {
		granted = true
	}
	if !granted {
		n.renewal = 3
		s.to(m)
		return
	}
	row.renewed = max(row.renewed, m.seq)
	if !s.has(renewalGeneration) {
		row.gen = m.gen
	}
	n.renewal, n.grantSeq, n.grantGen, n.grantTerm = 2, m.seq, m.gen, m.term
	missed := m.revoked > n.applied && m.revoked <= m.seq
	n.grantRevoked = missed && !m.pruned
	n.grantComplete = !missed || !m.pruned
	s.to(m)
}

// publish applies what was granted, and makes it the lease.
func (s *search) publish(m mState, i int) {
	n := &m.nodes[i]
	if !s.has(evictBeforeAck) { // it may acknowledge first, and be stopped there
		a := m
		if row := s.own(&a, i); row.there && !row.fenced && row.gen == a.gen && row.acked < n.grantSeq {
			row.acked = n.grantSeq
			s.to(a)
		}
	}
	switch {
	case n.grantRevoked || n.apart || !n.grantComplete && s.has(countRows):
		n.entry = false
		if n.apart || !n.grantComplete {
			n.read = false // it fills the cache that it began with
		}
	}
	n.apart = false
	n.applied, n.gen = max(n.grantSeq, n.applied), n.grantGen
	n.cached = n.applied
	n.leased, n.leaseGen, n.age, n.term = true, n.grantGen, n.sent, n.grantTerm
	if !s.has(clockBeforeAsking) {
		n.age = 0
	}
	n.renewal, n.grantSeq, n.grantGen, n.grantTerm, n.grantRevoked, n.grantComplete = 0, 0, 0, 0, false, false
	s.to(m)
}

func (s *search) fill(m mState, i int) {
	n := &m.nodes[i]
	if n.leased && n.age <= n.term && m.revoked == 0 && !n.read && m.failed != 1 && m.gen == n.leaseGen {
		r := m
		k := &r.nodes[i]
		k.read, k.readSeq, k.readGen = true, r.seq, r.gen
		s.to(r)
	}
	if !n.read {
		return
	}
	// What was applied to the cache that it fills, which is not the renewer's after a new join.
	applied := m.revoked > 0 && n.cached >= m.revoked && n.leaseGen == m.revokedGen
	stale := applied && n.readSeq < m.revoked
	f := m
	k := &f.nodes[i]
	k.read = false
	if !stale || !s.has(fillBySeq) {
		k.entry = true
	}
	k.readSeq, k.readGen = 0, 0
	s.to(f)
}

// run returns how many steps a counterexample has, 0 for none, and how many states there are.
func (s *search) run() (steps, states int) {
	start := mState{gen: 1, term: s.withLease, wait: s.withLease}
	seen := map[mState]struct{}{start: {}}
	level := []mState{start}
	for depth := 1; len(level) > 0; depth++ {
		var below []mState
		for _, m := range level {
			s.expand(m)
			for _, next := range s.next {
				if _, known := seen[next]; known {
					continue
				}
				if s.broken(&next) {
					return depth, len(seen)
				}
				seen[next] = struct{}{}
				below = append(below, next)
			}
		}
		level = below
	}
	return 0, len(seen)
}

func TestModel(t *testing.T) {
	t.Parallel()
	scenes := map[string]scene{
		"one node, two changes":          {nodes: 1, others: 1, withLease: 1},
		"one node, failover":             {nodes: 1, failover: true, withLease: 1},
		"one node, failover with a loss": {nodes: 1, others: 1, failover: true, calm: true, withLease: 1},
		"one node, pruning":              {nodes: 1, prunes: true, withLease: 1},
		"one node, shortening":           {nodes: 1, shortens: true, withLease: 2},
		"two nodes":                      {nodes: 2, calm: true, withLease: 1},
	}
	for name, scene := range scenes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &search{scene: scene}
			steps, states := s.run()
			t.Logf("%d states", states)
			if steps != 0 {
				t.Errorf("P1 is broken in %d steps", steps)
			}
		})
	}
}

func TestModelWithoutARule(t *testing.T) {
	t.Parallel()
	one := scene{nodes: 1, others: 1, withLease: 1}
	failing := one
	failing.failover = true
	cases := []struct {
		rule  rule
		scene scene
	}{
		{waitForAll, one}, {waitAllLeases, one}, {fenceSilentOnly, one}, {renewalSeesFence, one}, {evictBeforeAck, one},
		{leaseFirst, one}, {fillBySeq, one}, {ownRead, one}, {countRows, scene{nodes: 1, prunes: true, withLease: 1}},
		{ownRow, scene{nodes: 2, calm: true, withLease: 1}}, {clockBeforeAsking, one}, {rowBeforeRenewal, one},
		{durableRows, scene{nodes: 1, restarts: true, withLease: 1}}, {youngByTimer, failing}, {renewalGeneration, failing},
		{primaryGrants, failing}, {readGeneration, failing}, {coldJoin, one},
		{longestTerm, scene{nodes: 1, shortens: true, withLease: 2}}, {leaveAfterLease, one},
	}
	for _, c := range cases {
		t.Run(fmt.Sprintf("without %q", c.rule), func(t *testing.T) {
			t.Parallel()
			s := &search{scene: c.scene, without: c.rule}
			steps, states := s.run()
			if steps == 0 {
				t.Fatalf("not caught in %d states", states)
			}
			t.Logf("caught: P1 is broken in %d steps (%d states)", steps, states)
		})
	}
}
