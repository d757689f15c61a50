package packfile

import (
	"encoding/binary"
	"hash/adler32"
)

// Slack is how many bytes behind the wanted output let the decoder stay in its fast loop to the end.
const Slack = 288

// The fast loop reads this many input bytes and writes this many output bytes at most in one turn.
const (
	fastIn  = 16          // two refills of 8 bytes
	fastOut = 2 + 258 + 8 // two literals, the longest match, the overhang of an 8-byte copy
)

const (
	zlibHeadBytes  = 2
	adlerBytes     = 4
	maxDeflateGain = 1032 // a bit for a length of 258 and a bit for its distance: 258·8/2 bytes out of one byte
)

var (
	errInflate   = error(&flaw{"compressed data", ErrCorrupt})
	errCut       = error(&flaw{"compressed data ends early", ErrCorrupt})
	errLength    = error(&flaw{"compressed data is not of the length that its entry says", ErrCorrupt})
	errAdler     = error(&flaw{"checksum of compressed data does not hold", ErrCorrupt})
	errZlibStart = error(&flaw{"compressed data has no zlib header", ErrCorrupt})
)

// Inflater decodes whole zlib streams of known output size. It keeps its tables between calls; the zero value is
// ready. Not for use by two goroutines at once.
//
// Source: RFC 1950, RFC 1951; the layout of the tables is the one that libdeflate's deflate_decompress.c describes.
type Inflater struct {
	in  []byte
	ip  int    // next byte of in
	bb  uint64 // bits that were taken from in and not used; those above bn are either 0 or the ones that follow in in
	bn  uint
	pad uint // bytes of bb that stand behind the end of in

	out []byte
	op  int // next byte of out
	end int // wanted output: out[:end]

	fixedReady bool
	fixed      huffman
	dynamic    huffman
	code       codeBuilder
	pre        [preTableSize]uint32
	lens       [maxSymbols + maxDistances]uint8
}

// Inflate decodes the zlib stream at the start of src, which must give exactly size bytes, into dst[:size], and
// returns how many bytes of src it took. What lies behind size in dst is room to work in, [Slack] bytes of it
// make it fastest; it is overwritten. Neither slice is touched outside its length, whatever src holds.
// The checksum is compared when check is set.
//
// Errors: ErrCorrupt; dst[:size] is then of no meaning. It panics when dst is shorter than size.
func (z *Inflater) Inflate(dst []byte, size int, src []byte, check bool) (int, error) {
	_ = dst[:size]
	if !zlibHead(src) {
		return 0, errZlibStart
	}
	z.in, z.ip, z.bb, z.bn, z.pad = src, zlibHeadBytes, 0, 0, 0
	z.out, z.op, z.end = dst, 0, size
	err := z.blocks()
	if err == nil {
		err = z.finish(check)
	}
	used := z.ip
	z.in, z.out = nil, nil // the tables may outlive the mapping
	if err != nil {
		return 0, err
	}
	return used, nil
}

// couldHold says whether n compressed bytes can give size bytes at all.
func couldHold(n int, size uint64) bool { return size/maxDeflateGain <= uint64(n) } //nolint:gosec // lengths are not negative

func zlibHead(src []byte) bool {
	const deflate, maxWindow, dictionary = 8, 7, 1 << 5
	if len(src) < zlibHeadBytes || src[0]&15 != deflate || src[0]>>4 > maxWindow {
		return false
	}
	return binary.BigEndian.Uint16(src)%31 == 0 && src[1]&dictionary == 0
}

// finish checks what follows the last block.
func (z *Inflater) finish(check bool) error {
	if z.op != z.end {
		return errLength
	}
	if !z.dropBits() || len(z.in)-z.ip < adlerBytes {
		return errCut
	}
	if check && adler32.Checksum(z.out[:z.end]) != binary.BigEndian.Uint32(z.in[z.ip:]) {
		return errAdler
	}
	z.ip += adlerBytes
	return nil
}

func (z *Inflater) blocks() error {
	for last := false; !last; {
		z.refill()
		last = z.bb&1 != 0
		kind := z.bb >> 1 & 3
		z.take(3)
		if z.cut() {
			return errCut
		}
		if err := z.block(kind); err != nil {
			return err
		}
		if z.op > z.end {
			return errLength
		}
	}
	return nil
}

func (z *Inflater) block(kind uint64) error {
	switch kind {
	case 0:
		return z.stored()
	case 1:
		if !z.fixedReady {
			z.buildFixed()
		}
		return z.symbols(&z.fixed)
	case 2:
		if err := z.readCodes(); err != nil {
			return err
		}
		return z.symbols(&z.dynamic)
	}
	return errInflate
}

// refill makes at least 56 bits ready. Behind the end of the input they are zeros, which pad counts.
func (z *Inflater) refill() {
	if z.ip+8 <= len(z.in) {
		z.bb |= binary.LittleEndian.Uint64(z.in[z.ip:]) << (z.bn & 63)
		z.ip += int((63 - z.bn) >> 3)
		z.bn |= 56
		return
	}
	for z.bn < 56 {
		if z.ip < len(z.in) {
			z.bb |= uint64(z.in[z.ip]) << (z.bn & 63)
			z.ip++
		} else {
			z.pad++
		}
		z.bn += 8
	}
}

func (z *Inflater) take(n uint) {
	z.bb >>= n & 63
	z.bn -= n
}

// cut says whether bits behind the end of the input were used.
func (z *Inflater) cut() bool { return z.bn < 8*z.pad }

// dropBits gives the whole unused bytes back to the input; false when it ended before.
func (z *Inflater) dropBits() bool {
	if z.cut() {
		return false
	}
	z.ip -= int(z.bn>>3 - z.pad)
	z.bb, z.bn, z.pad = 0, 0, 0
	return true
}

func (z *Inflater) stored() error {
	if !z.dropBits() || len(z.in)-z.ip < 4 {
		return errCut
	}
	head := z.in[z.ip : z.ip+4]
	z.ip += 4
	n := int(binary.LittleEndian.Uint16(head))
	if binary.LittleEndian.Uint16(head)^binary.LittleEndian.Uint16(head[2:]) != 0xffff {
		return errInflate
	}
	if len(z.in)-z.ip < n {
		return errCut
	}
	if z.end-z.op < n {
		return errLength
	}
	copy(z.out[z.op:], z.in[z.ip:z.ip+n])
	z.op += n
	z.ip += n
	return nil
}

// symbols decodes the codes of a block up to its end mark.
func (z *Inflater) symbols(h *huffman) error {
	ended, err := z.fast(h)
	for !ended && err == nil {
		ended, err = z.slow(h)
	}
	return err
}

// fast decodes while input and output have room for a whole turn. It is one long function because bit buffer and
// positions must stay in registers: calls between the steps cost a third of the speed.
//
// Bits of one turn: a refill gives 56; two literals from the main table take up to 22, a length 20 of the other 34;
// a third literal instead takes 11. The distance, up to 28, has a refill of its own.
func (z *Inflater) fast(h *huffman) (ended bool, err error) {
	in, out := z.in, z.out
	ip, op, bb, bn := z.ip, z.op, z.bb, z.bn
	inEnd, outEnd := len(in)-fastIn, min(z.end, len(out)-fastOut)
loop:
	for ip <= inEnd && op < outEnd {
		bb |= binary.LittleEndian.Uint64(in[ip:]) << (bn & 63)
		ip += int((63 - bn) >> 3)
		bn |= 56
		e := h.literals[bb&(1<<literalBits-1)]
		if e&isLiteral != 0 {
			bb >>= e & 63
			bn -= uint(e & 63)
			out[op] = byte(e >> 16 & 0xff)
			op++
			e = h.literals[bb&(1<<literalBits-1)]
			if e&isLiteral != 0 {
				bb >>= e & 63
				bn -= uint(e & 63)
				out[op] = byte(e >> 16 & 0xff)
				op++
				e = h.literals[bb&(1<<literalBits-1)]
				if e&isLiteral != 0 {
					bb >>= e & 63
					bn -= uint(e & 63)
					out[op] = byte(e >> 16 & 0xff)
					op++
					continue
				}
			}
		}
		if e&isSpecial != 0 {
			if e&isTable != 0 {
				bb >>= literalBits
				bn -= literalBits
				e = h.literals[uint64(e>>16)+bb&(1<<(e>>8&15)-1)]
				if e&isLiteral != 0 {
					bb >>= e & 63
					bn -= uint(e & 63)
					out[op] = byte(e >> 16 & 0xff)
					op++
					continue
				}
			}
			if e&isSpecial != 0 {
				bb >>= e & 63
				bn -= uint(e & 63)
				if e&isEnd == 0 {
					err = errInflate
				}
				ended = true
				break loop
			}
		}
		length := int(e>>16) + int(bb&(1<<(e&63)-1)>>(e>>8&15)) //nolint:gosec // at most 258
		bb >>= e & 63
		bn -= uint(e & 63)

		bb |= binary.LittleEndian.Uint64(in[ip:]) << (bn & 63)
		ip += int((63 - bn) >> 3)
		bn |= 56
		e = h.distances[bb&(1<<distanceBits-1)]
		if e&isSpecial != 0 {
			if e&isTable != 0 {
				bb >>= distanceBits
				bn -= distanceBits
				e = h.distances[uint64(e>>16)+bb&(1<<(e>>8&15)-1)]
			}
			if e&isSpecial != 0 {
				err = errInflate
				break loop
			}
		}
		distance := int(e>>16) + int(bb&(1<<(e&63)-1)>>(e>>8&15)) //nolint:gosec // at most 32768
		bb >>= e & 63
		bn -= uint(e & 63)
		from := op - distance
		if from < 0 {
			err = errInflate
			break loop
		}
		to := op + length
		switch {
		case distance >= length && length > 48:
			copy(out[op:to], out[from:])
		case distance >= 8:
			for op < to {
				binary.LittleEndian.PutUint64(out[op:], binary.LittleEndian.Uint64(out[from:]))
				op += 8
				from += 8
			}
		default:
			for op < to {
				out[op] = out[from]
				op++
				from++
			}
		}
		op = to
	}
	z.ip, z.op, z.bb, z.bn = ip, op, bb, bn
	return ended, err
}

// slow decodes one symbol with all checks.
func (z *Inflater) slow(h *huffman) (ended bool, err error) {
	z.refill()
	e := h.literals[z.bb&(1<<literalBits-1)]
	if e&isTable != 0 && e&isLiteral == 0 {
		z.take(literalBits)
		e = h.literals[uint64(e>>16)+z.bb&(1<<(e>>8&15)-1)]
	}
	if e&isLiteral != 0 {
		z.take(uint(e & 63))
		if z.op >= z.end {
			return true, errLength
		}
		z.out[z.op] = byte(e >> 16 & 0xff)
		z.op++
		return false, z.cutError()
	}
	if e&isSpecial != 0 {
		z.take(uint(e & 63))
		if e&isEnd == 0 {
			return true, errInflate
		}
		return true, z.cutError()
	}
	length := z.extra(e)
	z.refill()
	e = h.distances[z.bb&(1<<distanceBits-1)]
	if e&isTable != 0 {
		z.take(distanceBits)
		e = h.distances[uint64(e>>16)+z.bb&(1<<(e>>8&15)-1)]
	}
	if e&isSpecial != 0 {
		return true, errInflate
	}
	return false, z.repeat(z.extra(e), length)
}

// extra reads the value of a length or distance entry: its base and extra bits.
func (z *Inflater) extra(e uint32) int {
	n := int(e>>16) + int(z.bb&(1<<(e&63)-1)>>(e>>8&15)) //nolint:gosec // at most 32768
	z.take(uint(e & 63))
	return n
}

func (z *Inflater) repeat(distance, length int) error {
	if z.cut() {
		return errCut
	}
	if distance > z.op {
		return errInflate
	}
	if length > z.end-z.op {
		return errLength
	}
	for range length {
		z.out[z.op] = z.out[z.op-distance]
		z.op++
	}
	return nil
}

func (z *Inflater) cutError() error {
	if z.cut() {
		return errCut
	}
	return nil
}
