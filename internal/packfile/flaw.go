package packfile

// flaw is an error of one of the package's kinds. Unlike fmt.Errorf it costs nothing before main.
type flaw struct {
	text string
	kind error
}

func (f *flaw) Error() string { return f.text + ": " + f.kind.Error() }

// Unwrap is the kind: ErrCorrupt, ErrUnsupported, ErrChanged.
func (f *flaw) Unwrap() error { return f.kind }
