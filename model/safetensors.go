package model

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"sort"
)

// This file reads and writes the safetensors container: eight bytes of header length, a JSON header, raw numbers.
// https://github.com/huggingface/safetensors describes the format. Only float64 tensors occur in a student.

type tensorHeader struct {
	DType   string `json:"dtype"`
	Shape   []int  `json:"shape"`
	Offsets [2]int `json:"data_offsets"`
}

const maxHeader = 64 << 20 // bytes; a header holds one example frame and the certificate

// writeTensors returns the file of metadata and tensors, tensors sorted by name.
func writeTensors(metadata map[string]string, tensors []Tensor) ([]byte, error) {
	tensors = append([]Tensor(nil), tensors...)
	sort.Slice(tensors, func(i, j int) bool { return tensors[i].Name < tensors[j].Name })
	header := map[string]any{"__metadata__": metadata}
	var data bytes.Buffer
	for _, t := range tensors {
		start := data.Len()
		if err := binary.Write(&data, binary.LittleEndian, t.Data); err != nil {
			return nil, err
		}
		header[t.Name] = tensorHeader{"F64", t.Shape, [2]int{start, data.Len()}}
	}
	text, err := json.Marshal(header)
	if err != nil {
		return nil, err
	}
	for len(text)%8 != 0 { // keeps the numbers aligned
		text = append(text, ' ')
	}
	file := binary.LittleEndian.AppendUint64(nil, uint64(len(text)))
	return append(append(file, text...), data.Bytes()...), nil
}

// readTensors is the inverse of writeTensors. Every byte of the data must belong to exactly one tensor.
func readTensors(file []byte) (metadata map[string]string, tensors map[string]Tensor, err error) {
	if len(file) < 8 {
		return nil, nil, errors.New("the file is shorter than its header")
	}
	size := binary.LittleEndian.Uint64(file)
	if size > maxHeader || size > uint64(len(file)-8) {
		return nil, nil, errors.New("this is no safetensors file, or it is truncated in its header")
	}
	text, data := file[8:8+size], file[8+size:]
	var header map[string]json.RawMessage
	if err := json.Unmarshal(text, &header); err != nil {
		return nil, nil, fmt.Errorf("header: %w", err)
	}
	tensors = map[string]Tensor{}
	covered := 0
	for name, raw := range header {
		if name == "__metadata__" {
			if err := json.Unmarshal(raw, &metadata); err != nil {
				return nil, nil, fmt.Errorf("metadata: %w", err)
			}
			continue
		}
		t, n, err := readTensor(name, raw, data)
		if err != nil {
			return nil, nil, fmt.Errorf("tensor %s: %w", name, err)
		}
		tensors[name] = t
		covered += n
	}
	if covered != len(data) {
		return nil, nil, fmt.Errorf("tensors cover %d of %d bytes: the file is truncated or damaged", covered, len(data))
	}
	return metadata, tensors, nil
}

func readTensor(name string, raw json.RawMessage, data []byte) (Tensor, int, error) {
	var h tensorHeader
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&h); err != nil {
		return Tensor{}, 0, err
	}
	if h.DType != "F64" {
		return Tensor{}, 0, fmt.Errorf("type %s, must be F64", h.DType)
	}
	lo, hi := h.Offsets[0], h.Offsets[1]
	if lo < 0 || hi < lo || hi > len(data) {
		return Tensor{}, 0, fmt.Errorf("bytes %d to %d lie outside the file", lo, hi)
	}
	n := 1
	for _, k := range h.Shape {
		if k < 0 || k > 1<<31 || n > 1<<40 {
			return Tensor{}, 0, fmt.Errorf("shape %v", h.Shape)
		}
		n *= k
	}
	if n*8 != hi-lo {
		return Tensor{}, 0, fmt.Errorf("shape %v does not fill %d bytes", h.Shape, hi-lo)
	}
	t := Tensor{Name: name, Shape: h.Shape, Data: make([]float64, n)}
	if err := binary.Read(bytes.NewReader(data[lo:hi]), binary.LittleEndian, t.Data); err != nil && err != io.EOF {
		return Tensor{}, 0, err
	}
	for i, v := range t.Data {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return Tensor{}, 0, fmt.Errorf("number %d is %v", i, v)
		}
	}
	return t, hi - lo, nil
}
