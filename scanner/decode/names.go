package decode

// Names are the names of all decoders, sorted: the words of [Piece.Decoders].
func Names() []string {
	return []string{"backslash", "base64", "bzip2", "entity", "gzip", "hex", "percent", "tar", "utf16", "zip", "zlib"}
}
