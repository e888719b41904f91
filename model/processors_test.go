package model

import (
	"fmt"
	"maps"
	"math"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/fstest"
)

// files is a file system that holds texts.
func files(texts map[string]string) fstest.MapFS {
	root := fstest.MapFS{}
	for name, text := range texts {
		root[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return root
}

func TestDefaultThreadsFollowTheQuota(t *testing.T) {
	const (
		mount2 = "30 23 0:26 %s /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
		mount1 = "22 20 8:1 / / rw - ext4 /dev/sda rw\n33 32 0:30 %s /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct\n" +
			"34 32 0:31 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
	)
	version2 := func(own, root string, max map[string]string) fstest.MapFS {
		f := map[string]string{"proc/self/cgroup": "0::" + own + "\n", "proc/self/mountinfo": fmt.Sprintf(mount2, root)}
		for dir, text := range max {
			f["sys/fs/cgroup"+dir+"/cpu.max"] = text + "\n"
		}
		return files(f)
	}
	version1 := func(own, root string, quota map[string]string) fstest.MapFS {
		f := map[string]string{"proc/self/cgroup": "5:cpuset:/\n4:cpu,cpuacct:" + own + "\n1:name=systemd:/elsewhere\n", "proc/self/mountinfo": fmt.Sprintf(mount1, root)}
		for dir, text := range quota {
			f["sys/fs/cgroup/cpu,cpuacct"+dir+"/cpu.cfs_quota_us"] = text + "\n"
			f["sys/fs/cgroup/cpu,cpuacct"+dir+"/cpu.cfs_period_us"] = "100000\n"
		}
		return files(f)
	}
	both := version1("/", "/", map[string]string{"": "-1"}) // the quota is in version 1, version 2 is there for something else
	maps.Copy(both, version1("/job", "/", map[string]string{"/job": "300000"}))
	both["proc/self/cgroup"].Data = append(both["proc/self/cgroup"].Data, "0::/\n"...)
	both["proc/self/mountinfo"].Data = append(both["proc/self/mountinfo"].Data, "40 32 0:40 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"...)

	none := math.Inf(1)
	for _, c := range []struct {
		name    string
		root    fstest.MapFS
		quota   float64
		threads int // of eight processors
	}{
		{"no control groups", files(nil), none, 8},
		{"2: no limit", version2("/", "/", map[string]string{"": "max 100000"}), none, 8},
		{"2: one processor", version2("/", "/", map[string]string{"": "100000 100000"}), 1, 1},
		{"2: half a processor", version2("/", "/", map[string]string{"": "50000 100000"}), 0.5, 1},
		{"2: one and a half", version2("/user/shell", "/", map[string]string{"/user/shell": "75000 50000"}), 1.5, 2},
		{"2: more than there are", version2("/", "/", map[string]string{"": "6400000 100000"}), 64, 8},
		{"2: the group around it", version2("/job/step/task", "/", map[string]string{"/job/step": "max 100000", "/job": "200000 100000", "": "max 100000"}), 2, 2},
		{"2: a container that sees its own group as a root", version2("/pod/7", "/pod/7", map[string]string{"": "300000 100000"}), 3, 3},
		{"2: a container whose mount shows another", version2("/../..", "/pod/7", map[string]string{"": "300000 100000"}), 3, 3},
		{"2: nonsense", version2("/", "/", map[string]string{"": "many"}), none, 8},
		{"1: no limit", version1("/", "/", map[string]string{"": "-1"}), none, 8},
		{"1: one processor", version1("/docker/ab", "/docker/ab", map[string]string{"": "100000"}), 1, 1},
		{"1: the group around it", version1("/slurm/job/step", "/", map[string]string{"/slurm/job/step": "-1", "/slurm/job": "250000"}), 2.5, 3},
		{"both", both, 3, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := cpuQuota(c.root)
			if n := threadsWithin(8, got); got != c.quota || n != c.threads {
				t.Errorf("a quota of %v and %d threads, want %v and %d", got, n, c.quota, c.threads)
			}
		})
	}
}

// Threads follow affinity: what a process may not run on is not asked to work.
func TestDefaultThreadsFollowAffinity(t *testing.T) {
	if os.Getenv("MLFF_TEST_THREADS") != "" {
		fmt.Printf("threads %d\n", DefaultThreads())
		return
	}
	taskset, err := exec.LookPath("taskset")
	if err != nil {
		t.Skip("no taskset here")
	}
	c := exec.Command(taskset, "-c", "0", os.Args[0], "-test.run", "^TestDefaultThreadsFollowAffinity$", "-test.v")
	c.Env = append(os.Environ(), "MLFF_TEST_THREADS=1", "GOMAXPROCS=")
	out, err := c.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "threads 1\n") {
		t.Errorf("%v\n%s", err, out)
	}
}
