package packfile

import "math/bits"

const (
	literalBits  = 11
	distanceBits = 8
	preBits      = 7
	maxCodeBits  = 15

	maxSymbols   = 288 // 256 literals, the end mark, 29 lengths, 2 that no stream may use
	maxDistances = 32  // 30 and 2 that no stream may use
	endMark      = 256

	// The most entries that a complete code can need, as zlib's examples/enough.c counts them: enough(288, 11, 15)
	// and enough(32, 8, 15); read 2026-11-24.
	literalTableSize  = 2342
	distanceTableSize = 402
	preTableSize      = 1 << preBits
)

// An entry of a table, from its low bits up: bits to take (code and extra bits) 0-7, bits of the code 8-11, flags,
// value 16-31: a literal's byte, the base of a length or distance, the place of a second table. The entry of a second
// table counts without the bits of the first, and the pointer to it has the second table's width at 8-11.
const (
	isEnd     = 1 << 13
	isTable   = 1 << 14
	isSpecial = 1 << 15 // end mark, second table, or none of a valid stream's codes
	isLiteral = 1 << 31
)

// huffman are the tables of a block.
type huffman struct {
	literals  [literalTableSize]uint32
	distances [distanceTableSize]uint32
}

// Bases and extra bits of lengths (symbols 257 up) and distances. Source: RFC 1951, 3.2.5.
var (
	lengthBase    = [29]uint16{3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258}
	lengthExtra   = [29]uint8{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0}
	distanceBase  = [30]uint16{1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577}
	distanceExtra = [30]uint8{0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13}
	preOrder      = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
)

func literalEntry(symbol int) uint32 {
	switch {
	case symbol < endMark:
		return isLiteral | uint32(symbol)<<16 //nolint:gosec // below 256
	case symbol == endMark:
		return isSpecial | isEnd
	case symbol-endMark-1 < len(lengthBase):
		i := symbol - endMark - 1
		return uint32(lengthBase[i])<<16 | uint32(lengthExtra[i])
	}
	return isSpecial
}

func distanceEntry(symbol int) uint32 {
	if symbol >= len(distanceBase) {
		return isSpecial
	}
	return uint32(distanceBase[symbol])<<16 | uint32(distanceExtra[symbol])
}

func preEntry(symbol int) uint32 { return uint32(symbol) << 16 } //nolint:gosec // at most 18

// codeBuilder is the room that a table's making needs.
type codeBuilder struct {
	count  [maxCodeBits + 1]int
	sorted [maxSymbols]uint16
}

// build fills a table of 1<<width entries and the second tables behind it from the code lengths of symbols.
// It returns false when they make no code: as in compress/flate a code is complete, or has one symbol of one
// bit, or none; the codes that the latter two lack are entries that no stream may use.
func (b *codeBuilder) build(table []uint32, lens []uint8, width uint, entry func(symbol int) uint32) bool {
	if !b.sort(lens) {
		b.incomplete(table[:1<<width], entry)
		return b.count[0] == len(lens) || b.count[0] == len(lens)-1 && b.count[1] == 1
	}
	code, sym, size := uint32(0), 0, uint32(1)
	for n := uint(1); n <= width; n++ {
		copy(table[size:2*size], table[:size])
		size *= 2
		for range b.count[n] {
			table[code] = entry(int(b.sorted[sym])) + uint32(n)<<8 + uint32(n)
			sym++
			code = next(code, size)
		}
	}
	b.second(table, width, code, sym, entry)
	return true
}

// next is the code after code, both with their first bit lowest, of the length of which there are size codes.
func next(code, size uint32) uint32 {
	zeros := code ^ (size - 1)
	if zeros == 0 {
		return 0
	}
	top := uint32(1) << (bits.Len32(zeros) - 1)
	return code&(top-1) | top
}

// second makes the tables for codes longer than width, one for each start of width bits.
func (b *codeBuilder) second(table []uint32, width uint, code uint32, sym int, entry func(symbol int) uint32) {
	start, end, prefix := uint32(0), uint32(1)<<width, ^uint32(0)
	mask := uint32(1)<<width - 1
	for n := width + 1; n <= maxCodeBits; n++ {
		for left := b.count[n]; left > 0; left-- {
			if code&mask != prefix {
				prefix = code & mask
				sub := b.subWidth(width, n, left)
				start, end = end, end+1<<sub
				table[prefix] = start<<16 | isSpecial | isTable | uint32(sub)<<8 | uint32(width) //nolint:gosec // at most 15
			}
			e := entry(int(b.sorted[sym])) + uint32(n-width)<<8 + uint32(n-width)
			for i := start + code>>width; i < end; i += 1 << (n - width) {
				table[i] = e
			}
			sym++
			code = next(code, 1<<n)
		}
	}
}

// subWidth is how wide the table must be whose first code has n bits, of which left are to come: wide enough for
// the codes that fill it.
func (b *codeBuilder) subWidth(width, n uint, left int) uint {
	sub, used := n-width, left
	for used < 1<<sub {
		sub++
		used = used<<1 + b.count[width+sub]
	}
	return sub
}

// sort counts and orders the symbols by length; false when the code is not complete.
func (b *codeBuilder) sort(lens []uint8) bool {
	b.count = [maxCodeBits + 1]int{}
	for _, n := range lens {
		b.count[n&maxCodeBits]++
	}
	var at [maxCodeBits + 2]int
	used := 0
	for n := 1; n <= maxCodeBits; n++ {
		at[n+1] = at[n] + b.count[n]
		used += b.count[n] << (maxCodeBits - n)
	}
	for symbol, n := range lens {
		if n != 0 {
			b.sorted[at[n&maxCodeBits]] = uint16(symbol)
			at[n&maxCodeBits]++
		}
	}
	return used == 1<<maxCodeBits
}

// incomplete makes the table of a code with no symbol or one.
func (b *codeBuilder) incomplete(table []uint32, entry func(symbol int) uint32) {
	for i := range table {
		table[i] = isSpecial | 1
		if i&1 == 0 && b.count[1] == 1 {
			table[i] = entry(int(b.sorted[0])) + 1<<8 + 1
		}
	}
}

// buildFixed makes the tables of the code that the format fixes.
func (z *Inflater) buildFixed() {
	lens := z.lens[:maxSymbols]
	for i := range lens {
		switch {
		case i < 144 || i >= 280:
			lens[i] = 8
		case i < 256:
			lens[i] = 9
		default:
			lens[i] = 7
		}
	}
	z.code.build(z.fixed.literals[:], lens, literalBits, literalEntry)
	lens = lens[:maxDistances]
	for i := range lens {
		lens[i] = 5
	}
	z.code.build(z.fixed.distances[:], lens, distanceBits, distanceEntry)
	z.fixedReady = true
}

// readCodes reads the codes of a block that brings its own.
func (z *Inflater) readCodes() error {
	z.refill()
	literals, distances, pres := int(z.bb&31)+257, int(z.bb>>5&31)+1, int(z.bb>>10&15)+4
	z.take(14)
	if literals > endMark+1+len(lengthBase) || distances > len(distanceBase) {
		return errInflate
	}
	var preLens [len(preOrder)]uint8
	for _, symbol := range preOrder[:pres] {
		z.refill()
		preLens[symbol] = uint8(z.bb & 7)
		z.take(3)
	}
	if z.cut() {
		return errCut
	}
	if !z.code.build(z.pre[:], preLens[:], preBits, preEntry) {
		return errInflate
	}
	lens := z.lens[:literals+distances]
	if err := z.readLengths(lens); err != nil {
		return err
	}
	if !z.code.build(z.dynamic.literals[:], lens[:literals], literalBits, literalEntry) ||
		!z.code.build(z.dynamic.distances[:], lens[literals:], distanceBits, distanceEntry) {
		return errInflate
	}
	return nil
}

func (z *Inflater) readLengths(lens []uint8) error {
	for i := 0; i < len(lens); {
		z.refill()
		e := z.pre[z.bb&(1<<preBits-1)]
		if e&isSpecial != 0 {
			return errInflate
		}
		z.take(uint(e & 63))
		symbol := uint8(e >> 16) //nolint:gosec // at most 18
		if symbol < 16 {
			lens[i] = symbol
			i++
			continue
		}
		value, times := uint8(0), 0
		switch symbol {
		case 16:
			if i == 0 {
				return errInflate
			}
			value, times = lens[i-1], 3+int(z.bb&3)
			z.take(2)
		case 17:
			times = 3 + int(z.bb&7)
			z.take(3)
		default:
			times = 11 + int(z.bb&127)
			z.take(7)
		}
		if z.cut() {
			return errCut
		}
		if times > len(lens)-i {
			return errInflate
		}
		for range times {
			lens[i] = value
			i++
		}
	}
	return z.cutError()
}
