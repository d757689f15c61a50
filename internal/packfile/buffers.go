package packfile

import "math/bits"

const (
	minBufferBytes  = 512
	maxUnusedBytes  = 32 << 20 // of buffers that wait for their next use, per worker
	stepsPerDoubled = 4        // classes of buffers between a size and its double
)

// buffers are the buffers of one worker. Their capacities go up in steps of at most a quarter, so that one fits many sizes.
type buffers struct {
	fresh  bool // never use a buffer twice
	unused [64 * stepsPerDoubled][][]byte
	bytes  int // in unused
}

// step rounds a size up to that of its class.
func step(size int) (class, capacity int) {
	size = max(size, minBufferBytes)
	low := 1<<(bits.Len(uint(size))-3) - 1
	capacity = (size + low) &^ low
	n := bits.Len(uint(capacity))
	return n*stepsPerDoubled + capacity>>(n-3)&(stepsPerDoubled-1), capacity
}

// get returns a buffer of size bytes with unknown content.
func (b *buffers) get(size int) []byte {
	if b.fresh {
		return make([]byte, size)
	}
	class, capacity := step(size)
	if list := b.unused[class]; len(list) > 0 {
		last := len(list) - 1
		buf := list[last]
		b.unused[class] = list[:last]
		b.bytes -= cap(buf)
		return buf[:size]
	}
	return make([]byte, size, capacity)
}

// put takes back a buffer that get gave.
func (b *buffers) put(buf []byte) {
	if b.fresh || b.bytes+cap(buf) > maxUnusedBytes || cap(buf) < minBufferBytes {
		return
	}
	class, capacity := step(cap(buf))
	if capacity != cap(buf) {
		return
	}
	b.unused[class] = append(b.unused[class], buf)
	b.bytes += cap(buf)
}
