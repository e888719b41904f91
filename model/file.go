package model

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"mlff/structure"
)

// FormatVersion is the version of the student's file. Files of version 1 load forever.
const FormatVersion = 1

var noSeal = strings.Repeat("0", 2*sha256.Size)

// Marshal returns the student's file: safetensors with everything but the numbers as JSON text in its metadata.
func (m *Model) Marshal() ([]byte, error) {
	c := m.config
	species := make([]string, len(c.Numbers))
	for i, z := range c.Numbers {
		species[i] = structure.Symbol(z)
	}
	metadata := map[string]string{"format": "mlff", "version": strconv.Itoa(FormatVersion), "sha256": noSeal}
	for _, f := range m.fields(&species) {
		text, err := json.Marshal(f.value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.key, err)
		}
		if string(text) != "null" {
			metadata[f.key] = string(text)
		}
	}
	tensors := append(slices.Clone(m.tensors), Tensor{"core.r", []int{c.Species, c.Species}, c.CoreR})
	if m.grade != nil {
		n := 1 + c.Hidden
		tensors = append(tensors, Tensor{"grade.L", []int{c.Species, n, n}, m.grade})
	}
	file, err := writeTensors(metadata, tensors)
	if err != nil {
		return nil, err
	}
	copy(file[sealOffset(file):], seal(file))
	return file, nil
}

type field struct {
	key   string
	value any // pointer
}

// fields pairs the keys of the metadata with where their values live.
func (m *Model) fields(species *[]string) []field {
	c, a := &m.config, &m.meta
	return []field{{"species", species}, {"cutoff", &c.Cutoff}, {"shapes", &c.Shape}, {"nu", &c.Nu}, {"eps", &c.Eps},
		{"teacher", &a.Teacher}, {"mixed_teachers", &a.Mixed}, {"data", &a.DataHash}, {"domain", &a.Domain}, {"licence", &a.Licence}, {"threshold", &a.Threshold}, {"calibration", &a.Calibration},
		{"certificate", &a.Certificate}, {"example", &a.Example}, {"run", &a.Run}}
}

// sealOffset finds the digits of "sha256" in the header, -1 if they are not there.
func sealOffset(file []byte) int {
	const key = `"sha256":"`
	at := bytes.Index(file, []byte(key))
	if at < 0 || at+len(key)+len(noSeal) > len(file) {
		return -1
	}
	return at + len(key)
}

// seal is the SHA-256 of the file with its own digits as '0'.
func seal(file []byte) string {
	at := sealOffset(file)
	h := sha256.New()
	h.Write(file[:at])
	h.Write([]byte(noSeal))
	h.Write(file[at+len(noSeal):])
	return hex.EncodeToString(h.Sum(nil))
}

// Parse reads a student's file. Damage, truncation, an unknown version, wrong shapes and numbers that are not finite
// are refused before anything is used.
func Parse(file []byte) (*Model, error) {
	at := sealOffset(file)
	if at < 0 {
		return nil, structure.Hint(errors.New("this is not a student: no seal found"), "students are made by mlff distill and end in .safetensors")
	}
	if string(file[at:at+len(noSeal)]) != seal(file) {
		return nil, structure.Hint(errors.New("the student is damaged: its SHA-256 does not match"), "copy the file again from where it came")
	}
	metadata, tensors, err := readTensors(file)
	if err != nil {
		return nil, err
	}
	if metadata["format"] != "mlff" {
		return nil, errors.New("this safetensors file is not a student")
	}
	if metadata["version"] != strconv.Itoa(FormatVersion) {
		return nil, structure.Hint(fmt.Errorf("the student has format version %s, this program reads %d", metadata["version"], FormatVersion), "install a newer mlff")
	}
	return assemble(metadata, tensors)
}

func assemble(metadata map[string]string, tensors map[string]Tensor) (*Model, error) {
	var read Model
	var species []string
	for _, f := range read.fields(&species) {
		text, ok := metadata[f.key]
		if !ok {
			continue
		}
		if err := json.Unmarshal([]byte(text), f.value); err != nil {
			return nil, fmt.Errorf("metadata %s: %w", f.key, err)
		}
	}
	for _, symbol := range species {
		z, ok := structure.Number(symbol)
		if !ok {
			return nil, fmt.Errorf("metadata species: %q is no element", symbol)
		}
		read.config.Numbers = append(read.config.Numbers, z)
	}
	read.config.CoreR = tensors["core.r"].Data
	m, err := New(read.config)
	if err != nil {
		return nil, err
	}
	m.meta = read.meta
	return m, m.take(tensors)
}

// take copies the tensors of a file, each of which must have its exact name and shape.
func (m *Model) take(tensors map[string]Tensor) error {
	S, n := m.config.Species, 1+m.config.Hidden
	want := append(slices.Clone(m.tensors), Tensor{Name: "core.r", Shape: []int{S, S}})
	if g, ok := tensors["grade.L"]; ok {
		want = append(want, Tensor{Name: "grade.L", Shape: []int{S, n, n}})
		if err := m.SetGrade(g.Data); err != nil {
			return err
		}
	}
	for _, t := range want {
		if got, ok := tensors[t.Name]; !ok || !slices.Equal(got.Shape, t.Shape) {
			return fmt.Errorf("tensor %s has shape %v, must be %v", t.Name, got.Shape, t.Shape)
		}
		copy(t.Data, tensors[t.Name].Data)
	}
	if len(tensors) != len(want) {
		return fmt.Errorf("the file holds %d tensors, must hold %d", len(tensors), len(want))
	}
	return nil
}

// Load reads a student from a file.
func Load(path string) (*Model, error) {
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	m, err := Parse(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// Save writes a student so that the path holds the old file or the whole new one, whatever happens.
func (m *Model) Save(path string) error {
	file, err := m.Marshal()
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // gone already after a successful rename
	_, err = tmp.Write(file)
	if err == nil {
		err = tmp.Sync()
	}
	if e := tmp.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Chmod(tmp.Name(), 0o644)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return os.Rename(tmp.Name(), path)
}
