package dataset

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"mlff/structure"
)

const (
	indexName    = "index"
	shardEnd     = ".extxyz.zst"
	temporaryEnd = ".tmp"
)

// shard is one line of the index.
type shard struct {
	name   string
	frames int
	sum    string // SHA-256 of the file
}

func shardName(k int) string { return fmt.Sprintf("%05d%s", k, shardEnd) }

// shardNumber is -1 for other names.
func shardNumber(name string) int {
	digits, ok := strings.CutSuffix(name, shardEnd)
	if k, err := strconv.Atoi(digits); ok && err == nil && k >= 0 && shardName(k) == name {
		return k
	}
	return -1
}

func (h *shard) line() string {
	s := fmt.Sprintf("%s %d %s", h.name, h.frames, h.sum)
	return fmt.Sprintf("%s %08x\n", s, crc32.ChecksumIEEE([]byte(s)))
}

// parseLine takes a line without its end; false where it is torn.
func parseLine(line string) (shard, bool) {
	var h shard
	field := strings.Fields(line)
	if len(field) != 4 {
		return h, false
	}
	frames, err := strconv.Atoi(field[1])
	h = shard{field[0], frames, field[2]}
	return h, err == nil && h.line() == line+"\n"
}

// recover reads the index and makes folder and index agree: a torn last line and unfinished files go, a complete shard
// without a line gets one. Shards that have a line must be there and unchanged.
func (s *Store) recover() error {
	if err := s.readIndex(); err != nil {
		return err
	}
	for _, h := range s.shards {
		content, err := os.ReadFile(s.path(h.name))
		if err != nil || checksum(content) != h.sum {
			return s.damaged(h)
		}
	}
	if err := s.adopt(); err != nil {
		return err
	}
	s.sick = false
	return nil
}

// readIndex reads the lines and cuts off a torn last one.
func (s *Store) readIndex() error {
	s.shards = nil
	content, err := os.ReadFile(s.path(indexName))
	if s.lost = os.IsNotExist(err); s.lost {
		return nil
	}
	if err != nil {
		return err
	}
	rest := content
	for k := 1; len(rest) > 0; k++ {
		line, after, whole := bytes.Cut(rest, []byte("\n"))
		h, ok := parseLine(string(line))
		if !ok && whole && len(after) > 0 {
			err := fmt.Errorf("%s line %d is damaged", s.path(indexName), k)
			return structure.Hint(err, "delete the line; the shard is then taken up again")
		}
		if !ok || !whole {
			return s.replace(indexName, content[:len(content)-len(rest)])
		}
		s.shards = append(s.shards, h)
		rest = after
	}
	return nil
}

// adopt gives complete shards that have no line a line, and removes what is unfinished.
func (s *Store) adopt() error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	listed := map[string]bool{}
	for _, h := range s.shards {
		listed[h.name] = true
	}
	for _, e := range entries {
		name := e.Name()
		if strings.HasSuffix(name, temporaryEnd) {
			if err := s.disk.Remove(s.path(name)); err != nil {
				return err
			}
		}
		if shardNumber(name) >= 0 && !listed[name] {
			if err := s.adoptShard(name); err != nil {
				return err
			}
		}
	}
	slices.SortFunc(s.shards, func(a, b shard) int { return shardNumber(a.name) - shardNumber(b.name) })
	return nil
}

// adoptShard trusts a shard that unpacks (zstd has a checksum of its own) and can be read to its end.
func (s *Store) adoptShard(name string) error {
	content, err := os.ReadFile(s.path(name))
	if err != nil {
		return err
	}
	items, err := decode(content, s.path(name))
	if err != nil {
		s.removed++
		return s.disk.Remove(s.path(name))
	}
	h := shard{name, len(items), checksum(content)}
	if err := s.appendLine(h); err != nil {
		return writeError(s.path(indexName), err)
	}
	s.shards = append(s.shards, h)
	s.adopted++
	return nil
}

// Disk is what a Store needs of a file system for writing; a test puts a full or a failing one in its place.
type Disk interface {
	Create(path string) (DiskFile, error) // an empty file, whatever was there
	Append(path string) (DiskFile, error) // writes go to the end; the file is made where there is none
	Rename(from, to string) error
	Remove(path string) error
	SyncDir(path string) error // makes new names in the folder durable
}

// DiskFile is a file open for writing.
type DiskFile interface {
	Write(b []byte) (int, error)
	Sync() error
	Close() error
}

func writeSync(f DiskFile, content []byte) error {
	if _, err := f.Write(content); err != nil {
		f.Close()
		return err
	}
	if err := f.Sync(); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

type systemDisk struct{}

func (systemDisk) Create(path string) (DiskFile, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o666)
}

func (systemDisk) Append(path string) (DiskFile, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o666)
}

func (systemDisk) Rename(from, to string) error { return os.Rename(from, to) }
func (systemDisk) Remove(path string) error     { return os.Remove(path) }

func (systemDisk) SyncDir(path string) error {
	d, err := os.Open(filepath.Clean(path))
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// CountFrames is the number of frames of the store in a folder that another process may be appending to; 0 where there is none.
func CountFrames(dir string) int {
	content, _ := os.ReadFile(filepath.Join(dir, indexName)) // what cannot be read now can be read later
	n := 0
	for line := range strings.Lines(string(content)) {
		if h, ok := parseLine(strings.TrimSuffix(line, "\n")); ok {
			n += h.frames
		}
	}
	return n
}
