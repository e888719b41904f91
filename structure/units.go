package structure

// Physical constants in the units of this package (CODATA 2018).
const (
	KB = 8.617333262e-5 // Boltzmann's constant, eV/K

	GPa  = 1 / 160.2176634 // eV/Å³
	MPa  = 1e-3 * GPa      // eV/Å³
	KBar = 1e-1 * GPa      // eV/Å³
	Bar  = 1e-4 * GPa      // eV/Å³

	// AccelerationUnit is 1 eV/Å/u in Å/fs²: acceleration [Å/fs²] = AccelerationUnit · force [eV/Å] / mass [u].
	AccelerationUnit = 9.648533212e-3
)
