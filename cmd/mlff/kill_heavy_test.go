//go:build heavy

package main

import (
	"fmt"
	"testing"
)

// TestHeavyKills kills at ten random instants, several times over.
func TestHeavyKills(t *testing.T) {
	for seed := range uint64(5) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { killLoop(t, 10, seed) })
	}
}

// TestHeavyLabelKills kills the command, then the teacher's processes, at ten random instants each.
func TestHeavyLabelKills(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("front ", seed), func(t *testing.T) { labelKills(t, 10, 600, seed) })
		t.Run(fmt.Sprint("worker ", seed), func(t *testing.T) { workerKills(t, 10, 400, seed) })
	}
}
