// Package decode undoes the encodings in which a secret hides: base64, hex, the escapes of URLs, strings
// and XML, UTF-16, and the archives gzip, bzip2, xz, zstd, zlib, zip and tar, one in the other to a bounded depth.
//
// Knows: encodings, and where in the outer text a decoded byte comes from. Must not know: patterns, secrets,
// files. In: bytes. Out: a [Piece] for each run that decodes, and a [Cut] for what a limit left undecoded.
// Promises: every run of MinRun characters or more that is one of the encodings (base64: with letters of both
// cases) is decoded, whatever stands around it, at each alignment at which it may begin; wrapped base64 and hex
// across their lines, also in a patch, a comment or strings that are put together; hex also as bytes that
// stand apart and as hexdump and xxd show them; the span of a decoded text maps to the span that encodes it;
// the decoded bytes of one text never exceed MaxBytes, nor do the bytes that are read from archives; never panics; what was cut is reported, and so is an
// archive of a known form that is not opened.
// Not promised: that a piece is text: what merely looks encoded is decoded too; that broken or encrypted
// archives are read further than they can be.
package decode
