package structure

// MaxNumber is the highest atomic number known here.
const MaxNumber = 118
