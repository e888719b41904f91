package model

import (
	"io/fs"
	"math"
	"os"
	"path"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// DefaultThreads is how many threads a potential uses unless told: the processors that affinity and the quota of its
// control group leave to this process. The Go run time knows of both, but neither goes below two because of a quota nor
// looks at the groups around the own one, where batch systems and Kubernetes set theirs.
func DefaultThreads() int { return threadsWithin(runtime.GOMAXPROCS(0), quota()) }

var quota = sync.OnceValue(func() float64 { return cpuQuota(os.DirFS("/")) })

// threadsWithin rounds a quota up: a thread that gets part of a processor still does that part of the work.
func threadsWithin(processors int, quota float64) int {
	return max(1, int(min(float64(processors), math.Ceil(quota))))
}

// cpuQuota is how many processors' time the control group of this process, and those around it, may use, +Inf where
// nothing limits it. Linux tells in /proc and where control groups are mounted; root is the file system. See
// https://docs.kernel.org/admin-guide/cgroup-v2.html and https://docs.kernel.org/scheduler/sched-bwc.html.
func cpuQuota(root fs.FS) float64 {
	least := math.Inf(1)
	for _, g := range controlGroups(root) {
		for dir := g.dir; ; dir = path.Dir(dir) {
			least = min(least, g.quota(root, dir))
			if dir == g.mount || dir == "." {
				break
			}
		}
	}
	return least
}

// controlGroup is a group that accounts for processors: its folder, and that of the outermost group that can be seen.
type controlGroup struct {
	dir, mount string
	version    int
}

// controlGroups finds the groups of this process, of version 1, 2 or both.
func controlGroups(root fs.FS) (groups []controlGroup) {
	own := ownGroups(root)
	for _, line := range lines(root, "proc/self/mountinfo") {
		before, after, _ := strings.Cut(line, " - ") // id parent device root folder options... - type source options
		mount, kind := strings.Fields(before), strings.Fields(after)
		if len(mount) < 5 || len(kind) < 3 {
			continue
		}
		g := controlGroup{mount: strings.TrimPrefix(mount[4], "/")}
		switch {
		case kind[0] == "cgroup2":
			g.version = 2
		case kind[0] == "cgroup" && slices.Contains(strings.Split(kind[2], ","), "cpu"):
			g.version = 1
		default:
			continue
		}
		if name, known := own[g.version]; known {
			inside, seen := strings.CutPrefix(name, strings.TrimSuffix(mount[3], "/"))
			if !seen { // the mount shows other groups: of a container, its own is the outermost
				inside = ""
			}
			g.dir = path.Join(g.mount, inside)
			groups = append(groups, g)
		}
	}
	return groups
}

// ownGroups is the names of this process's groups by version.
func ownGroups(root fs.FS) map[int]string {
	own := map[int]string{}
	for _, line := range lines(root, "proc/self/cgroup") {
		f := strings.SplitN(line, ":", 3) // number, controllers, name
		switch {
		case len(f) < 3:
		case f[0] == "0" && f[1] == "":
			own[2] = f[2]
		case slices.Contains(strings.Split(f[1], ","), "cpu"):
			own[1] = f[2]
		}
	}
	return own
}

// quota is that of the group in dir alone.
func (g controlGroup) quota(root fs.FS, dir string) float64 {
	var f []string
	if g.version == 2 {
		f = strings.Fields(strings.Join(lines(root, path.Join(dir, "cpu.max")), " "))
	} else {
		f = append(lines(root, path.Join(dir, "cpu.cfs_quota_us")), lines(root, path.Join(dir, "cpu.cfs_period_us"))...)
	}
	if len(f) < 2 {
		return math.Inf(1)
	}
	time, err1 := strconv.ParseFloat(f[0], 64) // "max" or -1: no limit
	period, err2 := strconv.ParseFloat(f[1], 64)
	if err1 != nil || err2 != nil || !(time > 0 && period > 0) {
		return math.Inf(1)
	}
	return time / period
}

// lines of a small file, none where it cannot be read.
func lines(root fs.FS, name string) []string {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return nil
	}
	return strings.FieldsFunc(string(text), func(r rune) bool { return r == '\n' })
}
