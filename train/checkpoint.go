package train

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mlff/structure"
)

// checkpoint is everything that training needs to go on as if it had never stopped. Draws follow from the update's
// number and need no state.
type checkpoint struct {
	state
	tensors map[string][]float64 // parameters, first, second, average, best: [P] each
}

// state is the part of a checkpoint that is not a tensor.
type state struct {
	Identity identity `json:"identity"`
	Step     int      `json:"step"`
	Schedule schedule `json:"schedule"`
	History  History  `json:"history"`
	Recent   Terms    `json:"recent"` // sum of losses since the last point of the history
	Counted  int      `json:"counted"`
}

// identity is what a checkpoint must agree with to be continued.
type identity struct {
	Plan  Plan   `json:"plan"`
	Model string `json:"model"` // SHA-256 of the start parameters and the configuration
	Data  string `json:"data"`  // SHA-256 of training and held-out frames
}

// difference says what changed between the checkpoint's identity and the present one; "" if nothing did.
func (i identity) difference(now identity) string {
	switch {
	case i.Data != now.Data:
		return "the training frames"
	case i.Model != now.Model:
		return "the student's shape, statistics or starting point"
	case i.Plan != now.Plan:
		return "the plan (" + changed(i.Plan, now.Plan) + ")"
	}
	return ""
}

// changed lists the fields of a plan that differ, as "batch 4 -> 8".
func changed(a, b Plan) string {
	was, is := fields(a), fields(b)
	var list []string
	for name, value := range is {
		if old := was[name]; !bytes.Equal(old, value) {
			list = append(list, fmt.Sprintf("%s %s -> %s", name, old, value))
		}
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

func fields(p Plan) map[string]json.RawMessage {
	b, _ := json.Marshal(p) // a struct of numbers and strings always marshals
	m := map[string]json.RawMessage{}
	json.Unmarshal(b, &m)
	return m
}

// The tensors of a checkpoint, in the order of the file.
var checkpointTensors = []string{"parameters", "first", "second", "average", "best"}

// header is one tensor's entry in a safetensors header.
type header struct {
	Type    string `json:"dtype"`
	Shape   []int  `json:"shape"`
	Offsets [2]int `json:"data_offsets"`
}

// marshal writes a safetensors file: header length, header, float64 tensors. The seal in its metadata is the SHA-256 of
// the file with the seal's own digits as zeros.
func (c *checkpoint) marshal() ([]byte, error) {
	text, err := json.Marshal(c.state)
	if err != nil {
		return nil, err
	}
	var data []byte
	h := map[string]any{}
	for _, name := range checkpointTensors {
		x, from := c.tensors[name], len(data)
		for _, v := range x {
			data = binary.LittleEndian.AppendUint64(data, math.Float64bits(v))
		}
		h[name] = header{"F64", []int{len(x)}, [2]int{from, len(data)}}
	}
	h["__metadata__"] = map[string]string{"format": checkpointFormat, "state": string(text), "sha256": noSeal}
	head, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	for len(head)%8 != 0 {
		head = append(head, ' ')
	}
	b := append(append(binary.LittleEndian.AppendUint64(nil, uint64(len(head))), head...), data...)
	sum := sha256.Sum256(b)
	return bytes.Replace(b, []byte(noSeal), []byte(hex.EncodeToString(sum[:])), 1), nil
}

const checkpointFormat = "mlff checkpoint 1"

var noSeal = strings.Repeat("0", 2*sha256.Size)

// parseCheckpoint reads what marshal wrote; anything else is an error.
func parseCheckpoint(b []byte) (*checkpoint, error) {
	if len(b) < 8 || binary.LittleEndian.Uint64(b) > uint64(len(b)-8) {
		return nil, fmt.Errorf("truncated")
	}
	n := int(binary.LittleEndian.Uint64(b))
	head, data := b[8:8+n], b[8+n:]
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(head, &entries); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	var meta map[string]string
	if err := json.Unmarshal(entries["__metadata__"], &meta); err != nil {
		return nil, fmt.Errorf("metadata: %w", err)
	}
	if meta["format"] != checkpointFormat {
		return nil, fmt.Errorf("unknown format %q", meta["format"])
	}
	sum := sha256.Sum256(bytes.Replace(b, []byte(meta["sha256"]), []byte(noSeal), 1))
	if meta["sha256"] != hex.EncodeToString(sum[:]) {
		return nil, fmt.Errorf("the checksum does not match")
	}
	c := &checkpoint{tensors: map[string][]float64{}}
	if err := json.Unmarshal([]byte(meta["state"]), &c.state); err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	for _, name := range checkpointTensors {
		var err error
		if c.tensors[name], err = tensor(entries[name], data); err != nil {
			return nil, fmt.Errorf("tensor %s: %w", name, err)
		}
	}
	return c, nil
}

func tensor(entry json.RawMessage, data []byte) ([]float64, error) {
	var h header
	if err := json.Unmarshal(entry, &h); err != nil {
		return nil, err
	}
	from, to := h.Offsets[0], h.Offsets[1]
	if h.Type != "F64" || from < 0 || to < from || to > len(data) || (to-from)%8 != 0 {
		return nil, fmt.Errorf("%s bytes %d to %d of %d", h.Type, from, to, len(data))
	}
	x := make([]float64, (to-from)/8)
	for k := range x {
		x[k] = math.Float64frombits(binary.LittleEndian.Uint64(data[from+8*k:]))
	}
	return x, nil
}

// loadCheckpoint reads a checkpoint; nil without an error if there is none.
func loadCheckpoint(path string) (*checkpoint, error) {
	b, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c, err := parseCheckpoint(b)
	if err != nil {
		return nil, structure.Hint(fmt.Errorf("checkpoint %s: %w", path, err), fmt.Sprintf("delete %s and resume: training starts again", path))
	}
	return c, nil
}

// save replaces the file at path: after a crash it holds the old checkpoint or the new one.
func (c *checkpoint) save(path string) error {
	b, err := c.marshal()
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails after the rename, as it should
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Chmod(f.Name(), fs.FileMode(0o644))
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("writing checkpoint: %w", err)
	}
	return syncDirectory(filepath.Dir(path))
}

// syncDirectory makes a rename survive a power cut; file systems that cannot sync directories are left alone.
func syncDirectory(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	d.Sync()
	return d.Close()
}
