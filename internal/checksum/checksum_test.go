package checksum_test

import (
	"hash/crc32"
	"strings"
	"testing"

	"github.com/keywright/keywright/internal/checksum"
)

func TestDigitsAreTheValueInTheBase(t *testing.T) {
	t.Parallel()
	for _, name := range checksum.Names() {
		sum, ok := checksum.ByName(name)
		if !ok {
			t.Fatalf("%s is listed but not found", name)
		}
		alphabet := checksum.Base62
		if strings.HasSuffix(name, "base36") {
			alphabet = checksum.Base36
		}
		for _, text := range []string{"", "a", "hello, world", strings.Repeat("z", 999)} {
			got := sum(text, 8)
			var value uint64
			for _, c := range got {
				value = value*uint64(len(alphabet)) + uint64(strings.IndexRune(alphabet, c))
			}
			if len(got) != 8 || value != uint64(crc32.ChecksumIEEE([]byte(text))) {
				t.Errorf("%s(%.10q) = %s, which stands for %d", name, text, got, value)
			}
		}
	}
}

func TestKnownVector(t *testing.T) {
	t.Parallel()
	// CRC-32/IEEE of "123456789" is cbf43926 (the check value of the Rocksoft catalogue) = 3421780262.
	if got := checksum.CRC32Base62("123456789", 6); got != "3jZRME" {
		t.Errorf("crc32-base62 of the check string = %q", got)
	}
}

func TestTooFewDigitsGiveNothingThatATextCouldEqual(t *testing.T) {
	t.Parallel()
	if got := checksum.CRC32Base62("123456789", 2); got != "" {
		t.Errorf("an overflow gave %q", got)
	}
	if _, ok := checksum.ByName("none"); ok {
		t.Error("an unknown name was found")
	}
}

func TestHoldsIsTheSameAsEqual(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "a", "123456789", strings.Repeat("key", 30)} {
		for _, length := range []int{1, 2, 5, 6, 7} {
			right := checksum.CRC32Base62(text, length)
			if got := checksum.CRC32Base62Holds(text, right); got != (len(right) == length) {
				t.Errorf("%q: %q holds: %v", text, right, got)
			}
			for i := range right {
				wrong := []byte(right)
				wrong[i] ^= 1
				if checksum.CRC32Base62Holds(text, string(wrong)) {
					t.Errorf("%q: %q holds, and is not %q", text, wrong, right)
				}
			}
		}
	}
}
