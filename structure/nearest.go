package structure

// Nearest is the known word that takes the fewest changed letters to become word, and whether it takes so few that it
// may have been meant: at most one, and one more for every three letters of word.
func Nearest(word string, known []string) (nearest string, near bool) {
	fewest := 1 + len(word)/3
	for _, k := range known {
		if n := changes(word, k); n < fewest || n == fewest && !near {
			nearest, near, fewest = k, true, n
		}
	}
	return nearest, near
}

// changes counts the letters to insert, delete or replace between two words (V. I. Levenshtein, 1966).
func changes(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(diagonal+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
