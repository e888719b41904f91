package structure_test

import (
	"bytes"
	"io"
	"os"
	"testing"

	"mlff/structure"
	"mlff/structure/structuretest"
)

func BenchmarkRead(b *testing.B) {
	for _, name := range []string{"mlearn/Si_training.extxyz", "water-painn/train.extxyz"} {
		b.Run(name, func(b *testing.B) {
			text, err := os.ReadFile(structuretest.Data(b, name))
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				r := structure.NewReader(bytes.NewReader(text), name, structure.Keys{})
				for {
					if _, err := r.Next(); err == io.EOF {
						break
					} else if err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

func BenchmarkWrite(b *testing.B) {
	frames, err := structure.ReadFile(structuretest.Data(b, "water-painn/train.extxyz"), structure.Keys{})
	if err != nil {
		b.Fatal(err)
	}
	var buffer bytes.Buffer
	for b.Loop() {
		buffer.Reset()
		for i := range frames {
			if err := structure.WriteFrame(&buffer, &frames[i]); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.SetBytes(int64(buffer.Len()))
}
