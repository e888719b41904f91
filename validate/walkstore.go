package validate

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"mlff/md"
	"mlff/structure"
)

// keepInterval is how much of a run may be lost when it is killed.
const keepInterval = 20 * time.Second

// store keeps one run on disk: samples as records of one length in NAME.samples, little-endian, and the state of the
// simulation with the number of samples before it in NAME.json, replaced whole. Samples beyond that number are those of
// a run that was killed between the two; they are cut off and made again, with the same bits.
type store struct {
	path  string // empty: nothing is kept
	file  *os.File
	out   *bufio.Writer
	made  int // samples
	saved time.Time
	kept  kept
	state *md.State // to go on from; nil at the beginning
}

// kept is NAME.json.
type kept struct {
	Run     string    `json:"run"` // hash of all that the run depends on, but its duration
	Samples int       `json:"samples"`
	State   *md.State `json:"state"`
}

// open takes up a run that was kept, or begins one. Samples that were kept are read into t.
func (w *Walk) open(name string, seed uint64, start *structure.Structure, t *Trajectory) (*store, error) {
	if w.Folder == "" {
		return &store{}, nil
	}
	if err := os.MkdirAll(w.Folder, 0o755); err != nil {
		return nil, err
	}
	s := &store{path: filepath.Join(w.Folder, name), saved: time.Now()}
	s.kept.Run = w.identity(name, seed, start)
	if err := s.load(); err != nil {
		return nil, err
	}
	var err error
	if s.file, err = os.OpenFile(s.path+".samples", os.O_RDWR|os.O_CREATE, 0o644); err != nil {
		return nil, err
	}
	if err := s.read(t, w.samples()); err != nil {
		return nil, errors.Join(err, s.file.Close())
	}
	s.out = bufio.NewWriterSize(s.file, 1<<20)
	return s, nil
}

// identity is a hash of all that the samples depend on.
func (w *Walk) identity(name string, seed uint64, start *structure.Structure) string {
	h := sha256.New()
	fmt.Fprint(h, name, structure.ID(start), w.options(seed), w.settlingSteps(), w.every())
	return hex.EncodeToString(h.Sum(nil))
}

// load reads the state of an earlier run; another run of the same name is forgotten.
func (s *store) load() error {
	text, err := os.ReadFile(s.path + ".json")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var k kept
	if json.Unmarshal(text, &k) == nil && k.Run == s.kept.Run && k.State != nil {
		s.kept, s.state, s.made = k, k.State, k.Samples
	}
	return nil
}

// read takes the samples that belong to the state, at most so many, and leaves the file where the next one goes.
func (s *store) read(t *Trajectory, most int) error {
	n := int64(len(t.Numbers))
	in := bufio.NewReaderSize(s.file, 1<<20)
	for k := range s.made {
		x := Sample{Positions: make([][3]float32, n), Velocities: make([][3]float32, n)}
		for _, part := range x.parts() {
			if err := binary.Read(in, binary.LittleEndian, part); err != nil {
				return structure.Hint(fmt.Errorf("%s.samples ends before sample %d: %w", s.path, k, err), "remove it and the file beside it; the run begins anew")
			}
		}
		if k < most {
			t.Samples = append(t.Samples, x)
		}
	}
	length := int64(s.made) * int64(binary.Size(float64(0))*11+binary.Size(float32(0))*6*int(n))
	if err := s.file.Truncate(length); err != nil {
		return err
	}
	_, err := s.file.Seek(length, io.SeekStart)
	return err
}

// parts are what is written of a sample, in order.
func (x *Sample) parts() []any {
	return []any{&x.Energy, &x.Pressure, &x.Cell, x.Positions, x.Velocities}
}

// add keeps a sample; the state only now and then.
func (s *store) add(m *md.Simulation, x *Sample) error {
	if s.path == "" {
		return nil
	}
	var b bytes.Buffer
	for _, part := range x.parts() {
		if err := binary.Write(&b, binary.LittleEndian, part); err != nil {
			return err
		}
	}
	s.made++
	if _, err := s.out.Write(b.Bytes()); err != nil {
		return err
	}
	if time.Since(s.saved) < keepInterval {
		return nil
	}
	return s.save(m)
}

// save brings samples, then the state, to the disk.
func (s *store) save(m *md.Simulation) error {
	if s.path == "" {
		return nil
	}
	s.saved = time.Now()
	if err := errors.Join(s.out.Flush(), s.file.Sync()); err != nil {
		return err
	}
	s.kept.Samples, s.kept.State = s.made, m.State()
	text, err := json.Marshal(s.kept)
	if err != nil {
		return err
	}
	if err := os.WriteFile(s.path+".part", text, 0o644); err != nil {
		return err
	}
	return os.Rename(s.path+".part", s.path+".json")
}

func (s *store) close() {
	if s.file != nil {
		s.file.Close()
	}
}
