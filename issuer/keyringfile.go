package issuer

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/keywright/keywright/internal/checksum"
)

// MaxKeyringBytes caps a keyring file: some 500 peppers.
const MaxKeyringBytes = 64 << 10

// KeyringError says which line of a keyring file is wrong. It never holds what stands there.
type KeyringError struct {
	Line    int // from 1; 0: the file as a whole
	Problem string
	Err     error // ErrPepperShort, ErrTagKeyShort, ErrPepperMissing, ErrKeyVersion, or nil
}

func (e *KeyringError) Error() string {
	if e.Line == 0 {
		return "keyring: " + e.Problem
	}
	return "keyring: line " + strconv.Itoa(e.Line) + ": " + e.Problem
}

func (e *KeyringError) Unwrap() error { return e.Err }

// ParseKeyring reads the text form: lines `pepper <version> <base64>` and `tag <number> <base64>`, empty
// lines, and comments from "#" at the start of a line.
//
// Errors: *KeyringError.
func ParseKeyring(file []byte) (*Keyring, error) {
	if len(file) > MaxKeyringBytes {
		return nil, &KeyringError{Problem: fmt.Sprintf("larger than %d bytes", MaxKeyringBytes)}
	}
	peppers, tags := map[int][]byte{}, map[int][]byte{}
	for i, line := range strings.Split(string(file), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if err := parseKeyringLine(line, peppers, tags); err != nil {
			err.Line = i + 1
			return nil, err
		}
	}
	k, err := NewKeyring(peppers, tags)
	if err != nil { // only emptiness is left: each line was checked
		return nil, &KeyringError{Problem: err.Error(), Err: err}
	}
	return k, nil
}

func parseKeyringLine(line string, peppers, tags map[int][]byte) *KeyringError {
	const shape = "want `pepper <version> <base64>` or `tag <number> <base64>`"
	fields := strings.Fields(line)
	if len(fields) != 3 {
		return &KeyringError{Problem: shape}
	}
	into, short := peppers, ErrPepperShort
	switch fields[0] {
	case "pepper":
	case "tag":
		into, short = tags, ErrTagKeyShort
	default:
		return &KeyringError{Problem: shape}
	}
	version, err := strconv.ParseInt(fields[1], 10, 32)
	if err != nil || version < 1 {
		return &KeyringError{Problem: ErrKeyVersion.Error(), Err: ErrKeyVersion}
	}
	key, err := base64.StdEncoding.Strict().DecodeString(fields[2])
	if err != nil {
		return &KeyringError{Problem: "the key is not base64"} // err would tell where in the key, and no more is needed
	}
	if err := checkKey(int(version), key, short); err != nil {
		return &KeyringError{Problem: err.Error(), Err: err}
	}
	if into[int(version)] != nil {
		return &KeyringError{Problem: fmt.Sprintf("%s %d stands in the file twice", fields[0], version)}
	}
	into[int(version)] = key
	return nil
}

// Marshal is the text form of the keyring, with all keys in clear: for a file of mode 0600.
func (k *Keyring) Marshal() []byte {
	var out bytes.Buffer
	out.WriteString("# Keywright keyring. Whoever has this file and the database can test guesses; without it no key verifies.\n")
	write := func(kind string, keys map[int]*macKey) {
		for _, number := range slices.Sorted(maps.Keys(keys)) {
			fmt.Fprintf(&out, "%s %d %s\n", kind, number, base64.StdEncoding.EncodeToString([]byte(keys[number].raw.Reveal())))
		}
	}
	write("pepper", k.peppers)
	write("tag", k.tags)
	return out.Bytes()
}

func base62Digit(value uint64) byte { return checksum.Base62[value] }
