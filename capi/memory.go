package main

import (
	"bufio"
	"errors"
	"math"
	"os"
	"strconv"
	"strings"
	"syscall"

	"mlff/structure"
)

// enough tells whether so many more bytes fit into memory: the machine's, the control group's, the process limit's.
// Small amounts are not looked into.
func enough(need int64) error {
	const small = 64 << 20
	if need < small {
		return nil
	}
	if free := available(); float64(need) > 0.95*float64(free) {
		err := fail(noMemory, "the structure needs about %d MiB, %d MiB are available", need>>20, free>>20)
		return structure.Hint(err, "use fewer atoms, another machine, or LAMMPS over several")
	}
	return nil
}

func available() int64 {
	free := int64(math.MaxInt64)
	if kb, err := meminfo(); err == nil {
		free = kb << 10
	}
	for _, group := range [][2]string{
		{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"},
		{"/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"},
	} {
		limit, e1 := number(group[0])
		used, e2 := number(group[1])
		if e1 == nil && e2 == nil {
			free = min(free, max(0, limit-used))
		}
	}
	return min(free, addresses())
}

// addresses is what the limit on the process' address space leaves.
func addresses() int64 {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_AS, &limit) != nil || limit.Cur > math.MaxInt64 {
		return math.MaxInt64
	}
	pages, err := number("/proc/self/statm")
	if err != nil {
		return math.MaxInt64
	}
	return max(0, int64(limit.Cur)-pages*int64(os.Getpagesize()))
}

// number reads the first number of a file.
func number(path string) (int64, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text))
	if len(fields) == 0 {
		return 0, errors.New("empty")
	}
	return strconv.ParseInt(fields[0], 10, 64)
}

func meminfo() (kb int64, err error) {
	f, err := os.Open("/proc/meminfo")
	if err != nil {
		return 0, err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if v, found := strings.CutPrefix(lines.Text(), "MemAvailable:"); found {
			return strconv.ParseInt(strings.Fields(v)[0], 10, 64)
		}
	}
	return 0, errors.New("no MemAvailable")
}
