package packfile

// spot is an entry of one of several packs.
type spot struct {
	pack int
	at   uint64 // where the entry starts
}

// kept is an object in memory.
type kept struct {
	kind    Type
	content []byte
}

// keptOverhead is about what the maps need for one object, so that a flood of empty ones is bounded too.
const keptOverhead = 96

// memory holds the objects that were read last, of at most limit bytes: two halves, of which the older is forgotten
// as a whole when the younger is full. What is asked for again becomes young.
type memory struct {
	limit      int64
	young, old map[spot]kept
	bytes      int64 // of the young
}

func (m *memory) get(s spot) (kept, bool) {
	if k, ok := m.young[s]; ok {
		return k, true
	}
	k, ok := m.old[s]
	if ok {
		m.put(s, k)
	}
	return k, ok
}

// put keeps an object; one that is more than an eighth of all is let go, for it would drive out too many.
func (m *memory) put(s spot, k kept) {
	need := int64(cap(k.content)) + keptOverhead
	if need > m.limit/8 {
		return
	}
	if m.bytes+need > m.limit/2 {
		m.old, m.young, m.bytes = m.young, nil, 0
	}
	if m.young == nil {
		m.young = map[spot]kept{}
	}
	m.young[s] = k
	m.bytes += need
}
