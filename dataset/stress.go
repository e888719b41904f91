package dataset

import (
	"fmt"
	"strings"

	"mlff/structure"
)

// Convention is a way to write stress that is not ours (eV/Å³, tension positive, order xx yy zz yz xz xy).
type Convention struct {
	Negative bool    // compression positive
	Order    [6]int  // our component k is their component Order[k]
	Factor   float64 // their unit in eV/Å³; the volume divides as well where Virial
	Virial   bool    // not divided by the volume
	unit     string
	order    string
}

// Stress turns a label in this convention, of a cell with the given volume [Å³], into ours.
func (c Convention) Stress(label [6]float64, volume float64) [6]float64 {
	f := c.Factor
	if c.Negative {
		f = -f
	}
	if c.Virial {
		f /= volume
	}
	var s [6]float64
	for k := range s {
		s[k] = f * label[c.Order[k]]
	}
	return s
}

// String says what the labels look like, such as "stress in GPa, compression positive, in the order xx yy zz xy yz xz".
func (c Convention) String() string {
	s := []string{"stress in " + c.unit}
	if c.Virial {
		s[0] = "stress times volume in " + c.unit
	}
	if c.Negative {
		s = append(s, "compression positive")
	}
	if c.order != voigts[0].name {
		s = append(s, "in the order "+c.order)
	}
	return strings.Join(s, ", ")
}

func (c Convention) ours() bool {
	return !c.Negative && !c.Virial && c.Factor == 1 && c.order == voigts[0].name
}

var voigts = []struct {
	name  string
	order [6]int
}{
	{"xx yy zz yz xz xy", [6]int{0, 1, 2, 3, 4, 5}}, // ASE
	{"xx yy zz xy yz xz", [6]int{0, 1, 2, 4, 5, 3}}, // VASP
	{"xx yy zz xy xz yz", [6]int{0, 1, 2, 5, 4, 3}}, // LAMMPS
	{"xx xy xz yy yz zz", [6]int{0, 3, 5, 4, 2, 1}}, // rows of the upper triangle
}

var units = []struct {
	name   string
	factor float64
	virial bool
}{
	{"eV/Å³", 1, false},
	{"GPa", structure.GPa, false},
	{"kbar", structure.GPa / 10, false},
	{"eV", 1, true},
}

const (
	convincing = 0.1 // residual of a convention that explains the labels: about 30 % error of the predicted stress
	decisive   = 4   // by how much it must beat our own convention
	tie        = 1.1 // conventions this close are told apart by simplicity
)

// StressConvention finds out whether labelled stress is written in another convention than ours, by comparing it with
// the stress predicted by a potential that was fitted to forces only. predicted [eV/Å³] and labelled hold one entry per
// frame, volumes the cells' volumes [Å³]. It returns false where our own convention explains the labels, or where no
// other does so decidedly better. The residual of a convention c is sum |p - c(y)|² / sum (|p|² + |c(y)|²): 0 where all
// agree, 1 where they are unrelated, 2 where the sign is wrong.
func StressConvention(predicted, labelled [][6]float64, volumes []float64) (Convention, bool) {
	var best Convention
	lowest, ours := 0.0, 0.0
	for k, c := range conventions() {
		r := residual(c, predicted, labelled, volumes)
		if k == 0 {
			best, lowest, ours = c, r, r
		}
		if tie*r < lowest { // the simplest come first
			best, lowest = c, r
		}
	}
	return best, !best.ours() && lowest < convincing && decisive*lowest < ours
}

// odd is the residual of our convention from which stress labels and forces hardly have to do with each other: half
// remains where the error is as large as the stress.
const odd = 0.5

// StressDisagrees tells whether labelled stress has little to do with the stress predicted by a potential that was fitted
// to forces and energies, in whatever convention; the arguments are those of StressConvention.
func StressDisagrees(predicted, labelled [][6]float64, volumes []float64) bool {
	return len(labelled) > 0 && residual(conventions()[0], predicted, labelled, volumes) > odd
}

// conventions lists all combinations, the simplest first.
func conventions() []Convention {
	var out []Convention
	for _, order := range voigts {
		for _, u := range units {
			for _, negative := range []bool{false, true} {
				out = append(out, Convention{negative, order.order, u.factor, u.virial, u.name, order.name})
			}
		}
	}
	return out
}

func residual(c Convention, predicted, labelled [][6]float64, volumes []float64) float64 {
	difference, size := 0.0, 0.0
	for i, p := range predicted {
		y := c.Stress(labelled[i], volumes[i])
		for k := range y {
			w := 1.0
			if k > 2 {
				w = 2 // off-diagonal components count twice among nine
			}
			difference += w * (p[k] - y[k]) * (p[k] - y[k])
			size += w * (p[k]*p[k] + y[k]*y[k])
		}
	}
	if size == 0 {
		return 1
	}
	return difference / size
}

// StressHint is the hint for labels that StressConvention found to be in convention c.
func StressHint(c Convention) string {
	return fmt.Sprintf("the file's stress looks like %s; stress must be in eV/Å³, tension positive, as nine numbers or xx yy zz yz xz xy", c)
}
