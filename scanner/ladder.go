package scanner

import (
	"crypto/sha256"

	"github.com/keywright/keywright/internal/secret"
	"github.com/keywright/keywright/scanner/decode"
)

// KeywordWindow is how many bytes before a match a pattern's keyword may stand, on the same line or before.
const KeywordWindow = 128

// claim is a pattern's word that a span of a text is its secret.
type claim struct {
	rule       int
	start, end int // of the secret in the text
	digest     [sha256.Size]byte
	secret     secret.Text
	keyID      string
	family     string
	redacted   string
}

// pass is one walk of the match ladder over one text, in order of cost:
//
//  1. literal prefilter, one walk for all patterns;
//  2. shape: the structure or the expression, on a bounded window around the literal;
//  3. checksum, where the format has one (part of 2: it decides between alternatives);
//  4. reject lists and placeholders;
//  5. context: a keyword within KeywordWindow bytes before.
//
// A rung may let too much through to the next, never too little.
type pass struct {
	program *program
	data    []byte
	outer   []byte        // the text that data was decoded from
	piece   *decode.Piece // how; nil for a text that was not decoded
	limit   int           // claims at most
	claims  []claim
	hits    int   // literals that were found
	cut     bool  // the limit was hit
	spent   bool  // an expression's budget of steps was spent
	work    int64 // bytes looked at, in all texts
	looks   int64 // how often an expression was tried
	steps   int64 // upper bound of those of expressions, in the texts before this one
	states  []ruleState
	buffers matchBuffers
	touched []int32         // the rules whose states are not zero
	done    <-chan struct{} // closed: nobody waits for the outcome; nil: never
	stopped bool            // done was closed
	queue   hitQueue
}

// ruleState is what a pass remembers of one rule.
type ruleState struct {
	touched    bool
	claimed    int // end of the last claim: a literal inside a claim starts no second one
	expression expressionState
}

// hitsBetweenLooks is how many literals are tried between two looks at whether the pass is to stop.
const hitsBetweenLooks = 256

func newPass(program *program) *pass {
	p := &pass{program: program, states: make([]ruleState, len(program.rules))}
	p.queue.visit = p.hit
	return p
}

// reset makes the pass ready for another text. piece is nil, or how it was decoded from outer.
func (p *pass) reset(data, outer []byte, piece *decode.Piece, limit int) {
	for _, n := range p.touched {
		p.steps += p.states[n].expression.steps
		p.states[n] = ruleState{}
	}
	clear(p.claims) // they hold secrets
	p.touched, p.claims = p.touched[:0], p.claims[:0]
	p.data, p.outer, p.piece, p.limit = data, outer, piece, limit
	p.hits, p.cut, p.spent = 0, false, false
}

// run walks the ladder over the whole text.
func (p *pass) run() {
	p.work += int64(len(p.data))
	p.program.prefilter.within(p.data, 0, len(p.data), &p.queue)
}

// hit walks the rules of a literal up the ladder from one of its places. The places must come as the prefilter
// gives them: by their ends. It says whether to go on.
func (p *pass) hit(literal, start, end int) bool {
	_, more := p.visit(hit{literal, start, end}, 0, stretch{})
	return more
}

// visit is hit for a place of which it is known that some looks are barren as long as they stay in a stretch. It
// returns what is known now.
func (p *pass) visit(h hit, known barren, within stretch) (now barren, more bool) {
	if p.hits++; p.hits%hitsBetweenLooks == 0 && p.isStopped() {
		return 0, false
	}
	for i, n := range p.program.owners[h.literal] {
		now = now.with(i, p.try(n, h.start, h.end, known.of(i), within))
	}
	return now, !p.cut
}

func (p *pass) isStopped() bool {
	select {
	case <-p.done:
		p.stopped = true
	default:
	}
	return p.stopped
}

// try walks one rule up the ladder from a literal's place. known is the look that is barren there if its window lies in
// a stretch. It returns the one that is now known to be.
func (p *pass) try(n, start, end int, known look, within stretch) look {
	r, state := p.program.rules[n], &p.states[n]
	if !state.touched {
		state.touched = true
		p.touched = append(p.touched, int32(n)) //nolint:gosec // bounded by the catalogue
	}
	if start < state.claimed {
		return noLook
	}
	if r.structure != nil {
		if from, to, ok := r.structure.match(p.data, start, end, &p.buffers, &p.work); ok && from >= state.claimed {
			p.consider(n, found{from, to, from, to})
		}
		return noLook
	}
	return p.tryExpression(r, n, start, end, known, within)
}

func (p *pass) tryExpression(r *rule, n, start, end int, known look, within stretch) look {
	e, state := r.expression, &p.states[n]
	if e.isSpent(p.data, &state.expression) {
		p.spent = true
		return noLook
	}
	w := e.next(start, end, &state.expression)
	if w.look == noLook {
		return noLook
	}
	if w.look == known && within.holds(w.left, w.right) {
		e.pass(p.data, w, &state.expression)
		return known
	}
	p.looks++
	nothing := true
	e.each(p.data, w, &state.expression, func(f found) {
		// What an earlier claim hides is not looked at: another text may not have that claim.
		nothing = nothing && f.start >= state.claimed
		if f.start >= state.claimed && p.consider(n, f) {
			nothing = false
		}
	})
	if !nothing {
		return noLook
	}
	return w.look
}

// consider takes a match of shape and checksum through the rungs that are left, and says whether something came of it. But for the
// limit, the match and what stands up to KeywordWindow bytes before it decide.
func (p *pass) consider(n int, f found) bool {
	r := p.program.rules[n]
	text := p.data[f.secretStart:f.secretEnd]
	p.work += int64(len(text))
	if r.structure == nil || r.structure.check == nil {
		if isPlaceholder(r.randomPart(text)) || r.pattern.Generic && isStandIn(text) {
			return false
		}
	}
	if len(r.pattern.Reject) > 0 {
		if _, rejected := r.pattern.Rejects(string(text)); rejected {
			return false
		}
	}
	if r.expression != nil && r.expression.minBits > 0 && shannonBits(text) < r.expression.minBits {
		return false
	}
	if !p.hasKeyword(r, f.start) {
		return false
	}
	if len(p.claims) >= p.limit {
		p.cut = true
		return true
	}
	p.states[n].claimed = f.end
	p.claims = append(p.claims, r.claim(n, f.secretStart, f.secretEnd, text))
	return true
}

func (r *rule) claim(n, start, end int, text []byte) claim {
	c := claim{rule: n, start: start, end: end, digest: sha256.Sum256(text), secret: secret.New(string(text))}
	if r.structure != nil && r.structure.free {
		c.family, c.keyID = keyParts(text)
	}
	c.redacted = r.redact(c, text)
	return c
}

// hasKeyword looks for one of the rule's keywords in the bytes before the match.
func (p *pass) hasKeyword(r *rule, start int) bool {
	if r.keywords == nil {
		return true
	}
	near := p.data[max(0, start-KeywordWindow):start]
	outer := p.before(KeywordWindow - len(near))
	p.work += int64(len(near) + len(outer))
	keywords := r.keywords()
	return holdsAny(keywords, near) || holdsAny(keywords, outer)
}

// before is what stands in front of an encoded text in the outer one, at most n bytes of it.
func (p *pass) before(n int) []byte {
	if p.piece == nil {
		return nil
	}
	start, _ := p.piece.Span(0, 0)
	return p.outer[max(0, start-n):start]
}

func holdsAny(a *automaton, text []byte) bool {
	holds := false
	a.each(text, func(int, int, int) bool {
		holds = true
		return false
	})
	return holds
}
