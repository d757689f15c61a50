package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// How often two works take turns: at least leastRounds times, then until roundsTime is over or mostRounds are done.
// An odd number, so that the median is one of them.
const (
	leastRounds = 5
	mostRounds  = 31
	roundsTime  = 20 * time.Second
)

// pair are two works that took turns.
type pair struct {
	ours, against   cost // medians
	ratio           float64
	lowest, highest float64 // of the ratios of the rounds
	rounds          int
}

// alternate lets two works take turns. Each round's two runs stand side by side in time, so that what else the machine
// does hits both: the ratio is the median of the rounds' own ratios. Who goes first changes, and a first
// round that warms the caches is not counted.
func alternate(ctx context.Context, ours, against work, quick bool) (pair, error) {
	var costs [2][]cost
	works := [2]work{ours, against}
	var started time.Time
	first := -1
	if quick {
		first = 0
	}
	for round := first; !enough(round, quick, started); round++ {
		if round == 0 {
			started = time.Now()
		}
		for turn := range 2 {
			which := (turn + max(round, 0)) % 2
			c, err := works[which].run(ctx)
			if err != nil {
				return pair{}, fmt.Errorf("%s: %w", works[which].name, err)
			}
			if round >= 0 {
				costs[which] = append(costs[which], c)
			}
		}
	}
	return compare(costs[0], costs[1]), nil
}

// enough says whether so many rounds will do.
func enough(rounds int, quick bool, started time.Time) bool {
	switch {
	case rounds < 1:
		return false
	case quick || rounds >= mostRounds:
		return true
	}
	return rounds >= leastRounds && rounds%2 == 1 && time.Since(started) > roundsTime
}

// compare takes the medians of costs of the same rounds.
func compare(ours, against []cost) pair {
	ratios := make([]float64, len(ours))
	for i := range ours {
		ratios[i] = ours[i].wall.Seconds() / against[i].wall.Seconds()
	}
	return pair{
		ours: medianCost(ours), against: medianCost(against), ratio: median(ratios),
		lowest: slices.Min(ratios), highest: slices.Max(ratios), rounds: len(ratios),
	}
}

func medianCost(costs []cost) cost {
	var wall, cpu []time.Duration
	for _, c := range costs {
		wall, cpu = append(wall, c.wall), append(cpu, c.cpu)
	}
	return cost{median(wall), median(cpu)}
}

// median is the middle one, the lower of two.
func median[T float64 | time.Duration](all []T) T {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[(len(sorted)-1)/2]
}
