// Package queue wires River: its tables, the insertion of jobs inside a store's transaction, and the workers.
//
// Knows: River, both databases. Must not know: what a step does.
// In: job arguments and the steps that work them. Out: rows of River's tables, calls of steps.
// Promises: a job exists if and only if the transaction that inserted it was committed; two unfinished jobs
// never have the same arguments; a failed job is tried again; a step is cut off after [JobTimeout] and its job
// given to another worker after [RescueAfter].
// Not promised: that a step runs once. A worker may die after the effect and before the record.
package queue
