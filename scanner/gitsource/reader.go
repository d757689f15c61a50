package gitsource

// reader is git when there is one, else go-git.
func (r *Repository) reader() objectReader { return r.shim }
