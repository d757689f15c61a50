package limit

// HoldAtMost lowers the cap on keys, so that a test reaches it soon.
func (l *Local) HoldAtMost(perShard int) { l.perShard = perShard }
