package patterns

import "math"

// EntropyBits is the number of random bits of a credential: as declared, or by the shape, each run counted
// at its shortest. 0: not known. Prefix, literals and checksum count nothing.
//
// The scanner chooses the kind of fingerprint by it.
func (p *Pattern) EntropyBits() float64 {
	switch {
	case p.RandomBits > 0:
		return p.RandomBits
	case p.Format != nil:
		return runBits(p.Format.Parts)
	case p.Regex != nil && p.Regex.Mint != "":
		return templateBits(p.Regex.Mint)
	default:
		return 0
	}
}

func runBits(parts []Part) float64 {
	bits := 0.0
	for _, part := range parts {
		if part.Alphabet == "" {
			continue
		}
		table, err := Alphabet(part.Alphabet)
		if err != nil {
			return 0
		}
		bits += float64(part.Min) * math.Log2(float64(size(table)))
	}
	return bits
}

func templateBits(template string) float64 {
	pieces, err := parseTemplate(template)
	if err != nil {
		return 0
	}
	bits := 0.0
	for _, piece := range pieces {
		switch {
		case piece.pem != "":
			bits += 128 // the least strength of a private key that anyone still makes
		case piece.table != nil:
			bits += float64(piece.min) * math.Log2(float64(len(members(piece.table))))
		}
	}
	return bits
}
