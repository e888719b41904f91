//go:build heavy

package main

import (
	"crypto/rand"
	"fmt"
	mrand "math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"mlff/structure"
)

// slurmConfig is a cluster of this machine alone, with as little of Slurm as there can be. KillWait is how long a job may
// take to end after SIGTERM; requeued jobs start again at once.
const slurmConfig = `
ClusterName=test
SlurmctldHost=%[1]s(127.0.0.1)
SlurmUser=%[2]s
SlurmdUser=%[2]s
AuthType=auth/munge
AuthInfo=socket=%[3]s/munge.socket
CryptoType=crypto/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SwitchType=switch/none
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1
ReturnToService=2
MinJobAge=10
KillWait=5
SlurmctldPort=%[4]d
SlurmdPort=%[5]d
StateSaveLocation=%[3]s/ctld
SlurmdSpoolDir=%[3]s/d
SlurmctldPidFile=%[3]s/slurmctld.pid
SlurmdPidFile=%[3]s/slurmd.pid
SlurmctldLogFile=%[3]s/slurmctld.log
SlurmdLogFile=%[3]s/slurmd.log
NodeName=%[1]s NodeAddr=127.0.0.1 CPUs=%[6]d State=UNKNOWN
PartitionName=debug Nodes=%[1]s Default=YES MaxTime=INFINITE State=UP
`

// slurm starts a cluster of this machine for one test, or skips it.
func slurm(t *testing.T) {
	t.Helper()
	for _, name := range []string{"munged", "slurmctld", "slurmd", "sbatch", "squeue"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("Slurm is not installed: no %s", name)
		}
	}
	if os.Geteuid() != 0 {
		t.Skip("slurmd runs jobs of users as root only")
	}
	dir, err := os.MkdirTemp("", "slurm")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	host, _, _ = strings.Cut(host, ".")
	key := make([]byte, 1024)
	rand.Read(key)
	config := fmt.Sprintf(slurmConfig, host, "root", dir, freePort(t), freePort(t), runtime.NumCPU())
	for name, content := range map[string][]byte{"munge.key": key, "slurm.conf": []byte(config)} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"ctld", "d"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("SLURM_CONF", filepath.Join(dir, "slurm.conf"))
	daemon(t, "munged", "--foreground", "--force", "--key-file", dir+"/munge.key", "--socket", dir+"/munge.socket", "--pid-file", dir+"/munged.pid",
		"--log-file", dir+"/munged.log", "--seed-file", dir+"/munged.seed")
	awaitFile(t, dir+"/munge.socket")
	daemon(t, "slurmctld", "-D", "-f", dir+"/slurm.conf")
	daemon(t, "slurmd", "-D", "-f", dir+"/slurm.conf", "-N", host)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) {
		out, _ := exec.Command("sinfo", "--noheader", "--format=%t").Output()
		if strings.TrimSpace(string(out)) == "idle" {
			return
		}
		if time.Now().After(deadline) {
			text, _ := os.ReadFile(dir + "/slurmctld.log")
			t.Fatalf("the cluster is %q after a minute\n%s", out, text)
		}
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func daemon(t *testing.T, name string, args ...string) {
	t.Helper()
	c := exec.Command(name, args...)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Process.Kill()
		c.Wait()
	})
}

func awaitFile(t *testing.T, path string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(path); err == nil {
			return
		}
	}
	t.Fatalf("%s never came", path)
}

// onCluster is the command line of counted in jobs of 40 frames.
func onCluster(t *testing.T, dir string) []string {
	return counted(t, dir, "--workers", "1", "--slurm", "--time=10", "--job-frames", "40")
}

// inParts are the energies that are on disk, in all shards.
func inParts(t *testing.T, dir string) []string {
	t.Helper()
	var list []string
	done, _ := filepath.Glob(filepath.Join(dir, "labelled.extxyz.parts", "*", "labelled.extxyz.zst"))
	for _, path := range done {
		frames, _ := structure.ReadFile(path, structure.Keys{}) // it may go while it is read
		for _, f := range frames {
			list = append(list, energyText(*f.Energy))
		}
	}
	folders, _ := filepath.Glob(filepath.Join(dir, "labelled.extxyz.parts", "*", "labelled.extxyz.zst.parts", "index"))
	for _, index := range folders {
		list = append(list, readOnly(t, filepath.Dir(index))...)
	}
	return list
}

// readOnly are the energies in a store that may be in use: it is looked at in a copy.
func readOnly(t *testing.T, folder string) []string {
	t.Helper()
	to := t.TempDir()
	index, err := os.ReadFile(filepath.Join(folder, "index"))
	if err != nil {
		return nil // finished meanwhile
	}
	for line := range strings.Lines(string(index)) {
		name, _, _ := strings.Cut(line, " ")
		content, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			return nil
		}
		if err := os.WriteFile(filepath.Join(to, name), content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(to, "index"), index, 0o666); err != nil {
		t.Fatal(err)
	}
	return onDisk(t, to)
}

// notAgain checks at the end that what was on disk after so many calls was not asked for later.
func notAgain(t *testing.T, dir string) {
	kept := inParts(t, dir)
	// A label is on disk before it is looked at here, and its call was noted before that: only what comes from now on counts.
	made := len(calls(t, dir))
	t.Logf("%d calls, %d labels on disk", made, len(kept))
	t.Cleanup(func() {
		for _, e := range calls(t, dir)[made:] {
			if slices.Contains(kept, e) {
				t.Errorf("the label with energy %s was made again", e)
			}
		}
	})
}

// jobIDs are the jobs of the array that run now: 12_0, 12_1.
func jobIDs(t *testing.T) []string {
	t.Helper()
	out, err := exec.Command("squeue", "--noheader", "--array", "--states=RUNNING", "--format=%i").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(out))
}

// harm is something that happens to a front end or its jobs; it returns the front end that goes on.
type harm func(t *testing.T, dir string, p *process, rng *mrand.Rand) *process

// Jobs are cancelled, requeued as after the failure of a node, told that their time is up, killed with -9, and the front
// end is killed, at ten random instants each: in the end every structure has its label, and none that was on disk was
// made again.
func TestHeavySlurm(t *testing.T) {
	slurm(t)
	for _, c := range []struct {
		name string
		do   harm
	}{
		{"scancel", onJob("scancel")},
		{"requeue", onJob("scontrol", "requeue")},
		{"USR1", onJob("scancel", "--batch", "--signal=USR1")},
		{"kill job", onJob("scancel", "--full", "--signal=KILL")},
		{"kill front end", func(t *testing.T, dir string, p *process, _ *mrand.Rand) *process {
			p.Process.Kill()
			p.code(t)
			return start(t, dir, onCluster(t, dir)...)
		}},
	} {
		t.Run(c.name, func(t *testing.T) { slurmHarm(t, 10, c.do) })
	}
}

// onJob does something to a random running job.
func onJob(command ...string) harm {
	return func(t *testing.T, _ string, p *process, rng *mrand.Rand) *process {
		if ids := jobIDs(t); len(ids) > 0 {
			id := ids[rng.IntN(len(ids))]
			if out, err := exec.Command(command[0], slices.Concat(command[1:], []string{id})...).CombinedOutput(); err != nil {
				t.Logf("%v %s: %v %s", command, id, err, out) // it has ended meanwhile
			}
		}
		return p
	}
}

func slurmHarm(t *testing.T, times int, do harm) {
	const frames = 400
	dir := argon(t, frames)
	rng := mrand.New(mrand.NewPCG(5, 5))
	p := start(t, dir, onCluster(t, dir)...)
	defer func() {
		if t.Failed() {
			jobs, _ := exec.Command("squeue", "--array").CombinedOutput()
			t.Logf("the front end said\n%s\nthe queue\n%s", &p.stderr, jobs)
		}
	}()
	for range times {
		awaitCalls(t, dir, 1+rng.IntN(frames/times))
		notAgain(t, dir)
		p = do(t, dir, p, rng)
	}
	p.must(t, exitOK)
	allLabelled(t, filepath.Join(dir, "labelled.extxyz"), frames)
	t.Logf("%d calls for %d structures; the front end says\n%s", len(calls(t, dir)), frames, &p.stderr)
}

// Jobs that were submitted are collected later, by another process.
func TestHeavySlurmSubmitAndCollect(t *testing.T) {
	slurm(t)
	dir := argon(t, 100)
	start(t, dir, append(onCluster(t, dir), "--submit")...).must(t, exitOK)
	start(t, dir, "label", "--collect", "--out", "labelled.extxyz").must(t, exitOK)
	allLabelled(t, filepath.Join(dir, "labelled.extxyz"), 100)
	if n := len(calls(t, dir)); n != 100 {
		t.Errorf("%d calls for 100 structures", n)
	}
}
