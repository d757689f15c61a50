// Package flow is the seven arrows as one function: source, scan, finding, record, verify, plan, act.
//
// Knows: the order of the rooms. Must not know: flags, output formats, which store is open.
// In: a source, a pattern set, options. Out: annotated findings to a sink, incidents and outcomes to a store.
// Promises: findings reach the sink also when recording or revoking fails, and then the result is not complete.
package flow
