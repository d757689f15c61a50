// Package limit decides how often a key may be used.
//
// Knows: limits, clocks that are handed to it, key ids. Must not know: HTTP, stores, who owns a key.
// In: a limit, a state, a time. Out: a decision, and the headers that tell a client.
// Promises: in every half-open window as long as a limit's Window no more than its Quota is admitted
// ([PerWindow]), as long as the state is kept and the clock does not step forward; a client that keeps an
// Interval between its calls is never denied; a clock that steps back locks nobody out for longer than
// Burst·Interval.
// Not promised: one limit across several processes: [Local] counts for itself.
package limit
