package distill

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"mlff/report"
	"mlff/structure"
	"mlff/validate"
)

// Names within a run directory.
const (
	configName     = report.ConfigFile
	dataName       = "data"
	quarantineName = "quarantine.json"
	splitsName     = "splits.json"
	checkpointName = "checkpoint.safetensors"
	candidateName  = report.CandidateFile
	historyName    = report.HistoryFile
	validationName = validate.File
	studentName    = report.StudentFile
	economicsName  = report.EconomicsFile
	resultName     = "result.json"
	logName        = report.LogFile
	lockName       = "lock"
)

// LockedError says that another process works on a run directory.
type LockedError struct {
	Dir string
	PID int // 0 where unknown
}

func (e *LockedError) Error() string {
	if e.PID == 0 {
		return fmt.Sprintf("another process works on %s", e.Dir)
	}
	return fmt.Sprintf("process %d works on %s", e.PID, e.Dir)
}

// directory is a run directory that this process alone works on.
type directory struct {
	path string
	lock *os.File
}

// createDirectory makes a new run directory; one that holds anything is refused.
func createDirectory(path string) (*directory, error) {
	if err := os.MkdirAll(path, 0o777); err != nil {
		return nil, structure.Hint(err, "choose another directory with --out")
	}
	if unlocked := (&directory{path: path}); !unlocked.has(lockName) { // nothing is left in somebody else's folder
		if err := unlocked.refuseUsed(); err != nil {
			return nil, err
		}
	}
	d, err := lockDirectory(path)
	if err != nil {
		return nil, err
	}
	if err := d.refuseUsed(); err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

func (d *directory) refuseUsed() error {
	if d.has(configName) {
		return structure.Hint(fmt.Errorf("%s already holds a run", d.path),
			fmt.Sprintf("continue it with --resume %s, or choose another directory with --out", d.path))
	}
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return err
	}
	for _, e := range entries { // the lock is ours, or of a process that was killed before it wrote anything
		if e.Name() != lockName {
			return structure.Hint(fmt.Errorf("%s is not empty: it holds %s", d.path, e.Name()), "choose a new directory with --out")
		}
	}
	return nil
}

// openDirectory opens an existing run directory.
func openDirectory(path string) (*directory, error) {
	if _, err := os.Stat(filepath.Join(path, configName)); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, structure.Hint(fmt.Errorf("%s holds no run to resume", path), "start one with --out "+path)
		}
		return nil, err
	}
	return lockDirectory(path)
}

// lockDirectory takes the one flock of a run directory. The system lets go of it when this process ends, however.
func lockDirectory(path string) (*directory, error) {
	f, err := os.OpenFile(filepath.Join(path, lockName), os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		return nil, structure.Hint(err, "choose a directory that you may write to with --out")
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer f.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("locking %s: %w", f.Name(), err)
		}
		text, _ := os.ReadFile(f.Name()) // who it is is a courtesy
		pid, _ := strconv.Atoi(strings.TrimSpace(string(text)))
		return nil, &LockedError{path, pid}
	}
	if err := f.Truncate(0); err == nil {
		fmt.Fprintln(f, os.Getpid())
	}
	return &directory{path, f}, nil
}

func (d *directory) close() { d.lock.Close() }

func (d *directory) file(name string) string { return filepath.Join(d.path, name) }

func (d *directory) has(name string) bool {
	_, err := os.Stat(d.file(name))
	return err == nil
}

// read returns a file; false where it is not there.
func (d *directory) read(name string) ([]byte, bool, error) {
	text, err := os.ReadFile(d.file(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	return text, err == nil, err
}

// write replaces a file at once: whoever looks, even after a power cut, finds the old content or the new.
func (d *directory) write(name string, content []byte) error {
	f, err := os.CreateTemp(d.path, name+".*.tmp")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Chmod(0o666 &^ umask)
	}
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), d.file(name))
	}
	if err != nil {
		os.Remove(f.Name())
		return err
	}
	return syncFolder(d.path)
}

// umask is what new files of this process are not allowed; reading it means setting it.
var umask = func() os.FileMode {
	old := syscall.Umask(0o22)
	syscall.Umask(old)
	return os.FileMode(old)
}()

func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// sweep removes what killed processes left half written.
func (d *directory) sweep() {
	left, _ := filepath.Glob(d.file("*.tmp")) // the pattern is well formed
	for _, name := range left {
		os.Remove(name)
	}
}
