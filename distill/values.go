package distill

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

// Cutoff is a radius in Å; zero, written auto, lets the data decide.
type Cutoff float64

// String is the form that configuration and flags use.
func (c Cutoff) String() string {
	if c == 0 {
		return "auto"
	}
	return strconv.FormatFloat(float64(c), 'g', -1, 64)
}

// Set reads auto or a radius in Å.
func (c *Cutoff) Set(text string) error {
	if text == "auto" {
		*c = 0
		return nil
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || !(v > 0) || math.IsInf(v, 0) {
		return fmt.Errorf("%q is neither auto nor a radius in Å", text)
	}
	*c = Cutoff(v)
	return nil
}

// Type names the value in a command's help.
func (c Cutoff) Type() string { return "Å|auto" }

// UnmarshalYAML reads auto or a number.
func (c *Cutoff) UnmarshalYAML(text []byte) error { return setPlain(c, text) }

// MarshalYAML writes auto or a number.
func (c Cutoff) MarshalYAML() ([]byte, error) { return []byte(c.String()), nil }

// Duration is a wall time such as 90s, 10m or 1h30m.
type Duration time.Duration

// String is the form that configuration and flags use.
func (d Duration) String() string {
	text := time.Duration(d).String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-2]
		}
	}
	return text
}

// Set reads a positive time with its unit.
func (d *Duration) Set(text string) error {
	v, err := time.ParseDuration(text)
	if err != nil || v <= 0 {
		return fmt.Errorf("%q is no time such as 90s, 10m or 1h30m", text)
	}
	*d = Duration(v)
	return nil
}

// Type names the value in a command's help.
func (d Duration) Type() string { return "time" }

// UnmarshalYAML reads a time with its unit.
func (d *Duration) UnmarshalYAML(text []byte) error { return setPlain(d, text) }

// MarshalYAML writes a time with its unit.
func (d Duration) MarshalYAML() ([]byte, error) { return []byte(d.String()), nil }

func setPlain(v interface{ Set(string) error }, text []byte) error {
	var plain any
	if err := yaml.Unmarshal(text, &plain); err != nil {
		return err
	}
	switch p := plain.(type) {
	case string:
		return v.Set(p)
	case nil:
		return nil // as if left out
	}
	return v.Set(fmt.Sprint(plain))
}

// UnmarshalYAML reads a file name, or a file with its weight.
func (s *Source) UnmarshalYAML(text []byte) error {
	var name string
	if err := yaml.Unmarshal(text, &name); err == nil {
		*s = Source{File: name, Weight: 1}
		return nil
	}
	type plain Source // without this method
	p := plain{Weight: 1}
	if err := yaml.Unmarshal(text, &p); err != nil {
		return err
	}
	*s = Source(p)
	return nil
}

// MarshalYAML writes the short form where the weight is one.
func (s Source) MarshalYAML() (any, error) {
	if s.Weight == 1 {
		return s.File, nil
	}
	type plain Source
	return plain(s), nil
}
