package distill

import (
	"testing"

	"mlff/dataset"
	"mlff/structure"
)

func itemOf(source string, numbers ...int) dataset.Item {
	return dataset.Item{Source: source, Frame: structure.Frame{Structure: structure.Structure{Numbers: numbers}}}
}

func TestWallsAreNotFamiliar(t *testing.T) {
	inside := []dataset.Item{itemOf("md", 8, 1), itemOf("melt", 8), itemOf("train.extxyz", 8)}
	walls := []dataset.Item{itemOf("compressed", 8), itemOf("contacts", 8, 1), itemOf("dimers", 1, 1), itemOf("atoms", 1)}
	if got := withoutWalls(append(walls, inside...)); len(got) != len(inside) {
		t.Errorf("%d items, want the %d that are no walls", len(got), len(inside))
	}
	all := append(walls, inside[1:]...) // hydrogen is in walls only
	if got := withoutWalls(all); len(got) != len(all) {
		t.Errorf("%d of %d items are left of an element that only walls have", len(got), len(all))
	}
}

func TestDomainIsDynamicsWhereThereIsEnough(t *testing.T) {
	var items []dataset.Item
	for range fewestGuarded {
		items = append(items, itemOf("md", 14), itemOf("strain", 14))
	}
	if got := ofDomain(items); len(got) != fewestGuarded {
		t.Errorf("%d items, want the %d of dynamics", len(got), fewestGuarded)
	}
	if got := ofDomain(items[2:]); len(got) != len(items)-2 {
		t.Errorf("%d items, want all: those of dynamics are too few", len(got))
	}
}
