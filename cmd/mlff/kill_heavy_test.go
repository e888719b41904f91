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
