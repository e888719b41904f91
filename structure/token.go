package structure

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// nextToken takes the characters between spaces at the start of line; it is empty where only spaces are left.
func nextToken(line []byte) (token, rest []byte) {
	i := 0
	for i < len(line) && isSpace(line[i]) {
		i++
	}
	start := i
	for i < len(line) && !isSpace(line[i]) {
		i++
	}
	return line[start:i], line[i:]
}

// parseToken reads a number of an atom line.
func parseToken(token []byte) (float64, error) {
	if x, err := strconv.ParseFloat(string(token), 64); err == nil { // the string does not escape: nothing is allocated
		return x, nil
	}
	return parseFloat(string(token))
}

// parseCoordinate reads a number that must be finite.
func parseCoordinate(token []byte) (float64, error) {
	x, err := parseToken(token)
	if err == nil && (math.IsNaN(x) || math.IsInf(x, 0)) {
		return 0, fmt.Errorf("its position is %s", token)
	}
	return x, err
}

// checkToken tells whether a token of a column that is only passed on is what the column's kind promises.
func checkToken(token []byte, kind byte) (err error) {
	switch kind {
	case 'R':
		_, err = parseToken(token)
	case 'I':
		if _, err = strconv.ParseInt(string(token), 10, 64); err != nil {
			err = fmt.Errorf("%q is no integer", brief(string(token)))
		}
	case 'L':
		_, err = parseLogical(string(token))
	}
	return err
}

func (a *atoms) parseSpecies(token []byte) (int, error) {
	if string(token) == a.symbol {
		return a.number, nil
	}
	z, err := parseSpecies(string(token))
	if err == nil {
		a.symbol, a.number = string(token), z
	}
	return z, err
}

// parseSpecies reads an element's symbol in any case, or its atomic number.
func parseSpecies(s string) (int, error) {
	if z, ok := Number(s); ok {
		return z, nil
	}
	if z, ok := Number(strings.ToUpper(s[:1]) + strings.ToLower(s[1:])); ok {
		return z, nil
	}
	if z, err := strconv.Atoi(s); err == nil && z >= 1 && z <= MaxNumber {
		return z, nil
	}
	return 0, Hint(fmt.Errorf("%q is no chemical element", brief(s)), "species are symbols such as Si, or atomic numbers")
}

func parseNumber(token []byte) (int, error) {
	z, err := strconv.Atoi(string(token))
	if err != nil || z < 1 || z > MaxNumber {
		return 0, fmt.Errorf("%q is no atomic number", brief(string(token)))
	}
	return z, nil
}
