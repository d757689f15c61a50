package scanner

// Action is what was planned or done about a finding, as a report shows it.
type Action struct {
	Kind     string // revoke | notify | wait
	Target   string // the id of a key, an owner
	Incident string
	State    string // planned | done | already | failed | waiting
	Why      string
	Detail   string
}

// ActionSink is a [Sink] that also shows actions. They come after the last finding and before Done.
type ActionSink interface {
	Action(Action) error
}
