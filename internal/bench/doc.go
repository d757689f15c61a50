// Command bench measures keywright against the programs that its users compare it with, and prints one table.
//
// Knows: how to make repositories of a given shape from text that every Go machine has, how to run programs in
// turn and what a run cost. Must not know: how a scan works; it runs the binary as a user does.
// In: bin/keywright, the environment (see [configured]). Out: the table, docs/benchmarks.md after a whole run, an exit
// code that is not 0 when something could not be measured. A goal that was missed is a line of the table, no failure.
// Promises: the same Go version and go.mod give the same repositories, byte for byte; every figure is a median of runs that
// took turns with what it is compared with; a run that did not end as it should is a failed row, never a figure;
// what cannot be measured yet says so.
// Not promised: that a wall time means anything on another machine, or on this one while it does other work. Ratios do.
package main
