package dataset

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"mlff/structure"
)

// batch makes n labelled frames that no other batch has.
func batch(k, n int) []Item {
	rng := structure.Rand(7, "batch", uint64(k))
	var out []Item
	for range n {
		var f structure.Frame
		f.Numbers = []int{14, 8}
		f.Cell = [3][3]float64{{5, 0, 0}, {0.1, 5, 0}, {0, 0, 6}}
		f.PBC = [3]bool{true, true, true}
		f.Positions, f.Forces, f.Energies = make([][3]float64, 2), make([][3]float64, 2), make([]float64, 2)
		var stress [6]float64
		for i := range f.Positions {
			for a := range 3 {
				f.Positions[i][a], f.Forces[i][a] = rng.NormFloat64(), rng.NormFloat64()
			}
			f.Energies[i] = rng.NormFloat64()
		}
		for k := range stress {
			stress[k] = rng.NormFloat64()
		}
		e := rng.NormFloat64()
		f.Energy, f.Stress = &e, &stress
		f.Info = []structure.Entry{{Key: "config_type", Value: "a \"quoted\" name"}}
		out = append(out, NewItem(f, "rattle", fmt.Sprintf("rattle/%d", k)))
	}
	return out
}

func open(t *testing.T, dir string, disk Disk) *Store {
	t.Helper()
	s, err := OpenStore(dir, disk)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func contents(t *testing.T, s *Store) []Item {
	t.Helper()
	items, err := s.Items()
	if err != nil {
		t.Fatal(err)
	}
	return items
}

func TestStoreGivesBackWhatItGot(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	s := open(t, dir, nil)
	want := append(batch(0, 3), batch(1, 2)...)
	want[4].Weight = 0.1
	for _, part := range [][]Item{want[:3], nil, want[3:]} {
		if err := s.Append(part); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range []*Store{s, open(t, dir, nil)} {
		if got := contents(t, s); !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
		if s.Frames() != 5 {
			t.Errorf("%d frames", s.Frames())
		}
	}
}

// crashDisk is a file system under a process that is killed at the given operation: half of what is being written
// arrives, and nothing happens afterwards. With again, only that operation fails, with ENOSPC, and the process lives.
type crashDisk struct {
	Disk
	at    int // operations left
	again bool
}

var errKilled = errors.New("killed")

func (d *crashDisk) step() error {
	d.at--
	if d.again && d.at == -1 {
		return &os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}
	}
	if !d.again && d.at < 0 {
		return errKilled
	}
	return nil
}

func (d *crashDisk) Create(path string) (DiskFile, error) {
	if err := d.step(); err != nil {
		return nil, err
	}
	f, err := d.Disk.Create(path)
	return &crashFile{f, d}, err
}

func (d *crashDisk) Append(path string) (DiskFile, error) {
	if err := d.step(); err != nil {
		return nil, err
	}
	f, err := d.Disk.Append(path)
	return &crashFile{f, d}, err
}

func (d *crashDisk) Rename(from, to string) error {
	if err := d.step(); err != nil {
		return err
	}
	return d.Disk.Rename(from, to)
}

func (d *crashDisk) Remove(path string) error {
	if err := d.step(); err != nil {
		return err
	}
	return d.Disk.Remove(path)
}

func (d *crashDisk) SyncDir(path string) error {
	if err := d.step(); err != nil {
		return err
	}
	return d.Disk.SyncDir(path)
}

type crashFile struct {
	DiskFile
	disk *crashDisk
}

func (f *crashFile) Write(b []byte) (int, error) {
	if err := f.disk.step(); err != nil {
		n, _ := f.DiskFile.Write(b[:len(b)/2])
		return n, err
	}
	return f.DiskFile.Write(b)
}

func (f *crashFile) Sync() error {
	if err := f.disk.step(); err != nil {
		return err
	}
	return f.DiskFile.Sync()
}

// TestStoreSurvivesKill kills a process that appends four shards at every operation on the file system in turn, also
// while the next process puts things right.
func TestStoreSurvivesKill(t *testing.T) {
	const shards = 4
	finished := false
	for at := 0; !finished; at++ {
		dir := t.TempDir()
		acknowledged := 0
		for life := 0; life < 3; life++ { // the second and third life die early
			disk := &crashDisk{Disk: systemDisk{}, at: at >> (2 * life)}
			s, err := OpenStore(dir, disk)
			for k := acknowledged; err == nil && k < shards; k++ {
				if err = s.Append(batch(k, 2)); err == nil {
					acknowledged++
				}
			}
			if err != nil && !errors.Is(err, errKilled) {
				t.Fatalf("killed at %d: %v", at, err)
			}
			finished = finished || life == 0 && err == nil
		}
		s := open(t, dir, nil)
		got := contents(t, s)
		checkPrefix(t, fmt.Sprintf("killed at %d", at), got, 2*acknowledged)
		for k := acknowledged; k < shards; k++ {
			if err := s.Append(batch(k, 2)); err != nil {
				t.Fatal(err)
			}
		}
		checkPrefix(t, fmt.Sprintf("killed at %d and resumed", at), contents(t, open(t, dir, nil)), 2*shards)
	}
}

// checkPrefix wants whole batches in order, and at least so many frames of them.
func checkPrefix(t *testing.T, when string, got []Item, frames int) {
	t.Helper()
	if len(got) < frames || len(got)%2 != 0 {
		t.Fatalf("%s: %d frames, %d were acknowledged", when, len(got), frames)
	}
	for i := range got {
		if want := batch(i/2, 2)[i%2]; !reflect.DeepEqual(got[i], want) {
			t.Fatalf("%s: frame %d is %+v, want %+v", when, i, got[i], want)
		}
	}
}

// TestStoreOnFullDisk fills the disk at every operation in turn: the call fails with a hint, what was there stays, and
// the same call succeeds when there is room again.
func TestStoreOnFullDisk(t *testing.T) {
	failed := true
	for at := 0; failed; at++ {
		dir := t.TempDir()
		if err := open(t, dir, nil).Append(batch(0, 2)); err != nil {
			t.Fatal(err)
		}
		s := open(t, dir, &crashDisk{Disk: systemDisk{}, at: at, again: true})
		err := s.Append(batch(1, 2))
		failed = err != nil
		if failed && !strings.Contains(structure.HintOf(err), "disk space") {
			t.Errorf("operation %d: %v has hint %q", at, err, structure.HintOf(err))
		}
		checkPrefix(t, "on the full disk", contents(t, s), 2)
		for k := 1; k < 3; k++ {
			if err := s.Append(batch(k, 2)); err != nil && k > 1 {
				t.Fatal(err)
			}
		}
		checkPrefix(t, "with room again", contents(t, s), 4)
		checkPrefix(t, "opened again", contents(t, open(t, dir, nil)), 6)
	}
}

func TestStoreFindsDamage(t *testing.T) {
	for _, test := range []struct {
		name, want string
		damage     func(dir string) error
	}{
		{"a flipped bit", "00001.extxyz.zst is not what was written", func(dir string) error {
			path := filepath.Join(dir, "00001.extxyz.zst")
			b, err := os.ReadFile(path)
			b[len(b)/2] ^= 4
			return errors.Join(err, os.WriteFile(path, b, 0o666))
		}},
		{"a missing shard", "00000.extxyz.zst is not what was written", func(dir string) error {
			return os.Remove(filepath.Join(dir, "00000.extxyz.zst"))
		}},
		{"a changed line", "index line 1 is damaged", func(dir string) error {
			path := filepath.Join(dir, "index")
			b, err := os.ReadFile(path)
			b[20]++
			return errors.Join(err, os.WriteFile(path, b, 0o666))
		}},
		{"the index lost", "", func(dir string) error { return os.Remove(filepath.Join(dir, "index")) }},
		{"a shard cut short without a line", "", func(dir string) error {
			b, err := os.ReadFile(filepath.Join(dir, "00001.extxyz.zst"))
			return errors.Join(err, os.WriteFile(filepath.Join(dir, "00003.extxyz.zst"), b[:len(b)-3], 0o666))
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir, nil)
			for k := range 3 {
				if err := s.Append(batch(k, 2)); err != nil {
					t.Fatal(err)
				}
			}
			if err := test.damage(dir); err != nil {
				t.Fatal(err)
			}
			s, err := OpenStore(dir, nil)
			if test.want != "" {
				if err == nil || !strings.Contains(err.Error(), test.want) || structure.HintOf(err) == "" {
					t.Fatalf("error %v, hint %q", err, structure.HintOf(err))
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			checkPrefix(t, "after the damage", contents(t, s), 6)
		})
	}
}

func TestStoreInUnwritableFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenStore(filepath.Join(file, "data"), nil); err == nil {
		t.Error("a store was opened inside a file")
	}
}
