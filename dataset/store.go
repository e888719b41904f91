package dataset

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/klauspost/compress/zstd"

	"mlff/structure"
)

// Store is an append-only folder of labelled frames:
//
//	00000.extxyz.zst, 00001.extxyz.zst, ...   shards, written under a temporary name, synced, renamed
//	index                                     one line a shard: name, frames, SHA-256 of the shard, CRC-32 of the line
//
// Killed at any instant, it holds every shard whose Append returned, whole, and no part of another. A shard without its
// line is complete, for it got its name last: opening the store adds the line. One process at a time may have it open.
type Store struct {
	dir    string
	disk   Disk
	mu     sync.Mutex
	shards []shard
	sick   bool // the last Append failed, and the folder is to be looked through before the next

	lost             bool // the index was not there
	adopted, removed int  // shards without a line: taken up, and damaged
}

// OpenStore opens the store in dir, making the folder where there is none, and puts right what a killed process left.
// Shards that are missing or no longer what was written are an error. A nil disk means the operating system's.
func OpenStore(dir string, disk Disk) (*Store, error) {
	if disk == nil {
		disk = systemDisk{}
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	s := &Store{dir: dir, disk: disk}
	return s, s.recover()
}

// Frames is the number of frames in the store.
func (s *Store) Frames() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, h := range s.shards {
		n += h.frames
	}
	return n
}

// Repairs says what was put right on opening that no killed process leaves behind; empty where there was nothing.
func (s *Store) Repairs() string {
	var list []string
	if s.lost && s.adopted > 0 {
		list = append(list, fmt.Sprintf("%s was missing: shards taken up again: %d", s.path(indexName), s.adopted))
	}
	if s.removed > 0 {
		list = append(list, fmt.Sprintf("damaged shards removed from %s: %d; labels of a teacher are made again", s.dir, s.removed))
	}
	return strings.Join(list, "; ")
}

// Append writes the items as one shard. When it returns nil they are on disk for good. When it returns an error, what was
// there before still is, and the same call may be made again. They come back from Items without the columns that are not
// labels.
func (s *Store) Append(items []Item) error {
	if len(items) == 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	content, err := encode(items)
	if err != nil {
		return err
	}
	sum := checksum(content)
	if s.sick {
		if err := s.recover(); err != nil {
			return err
		}
		if n := len(s.shards); n > 0 && s.shards[n-1].sum == sum {
			return nil // the failed attempt had come far enough
		}
	}
	h := shard{shardName(s.next()), len(items), sum}
	if err := s.write(h, content); err != nil {
		s.sick = true
		return writeError(s.path(h.name), err)
	}
	s.shards = append(s.shards, h)
	return nil
}

// write puts the shard under its name, then its line into the index.
func (s *Store) write(h shard, content []byte) error {
	if err := s.replace(h.name, content); err != nil {
		return err
	}
	return s.appendLine(h)
}

// replace writes a file so that it is seen whole or not at all.
func (s *Store) replace(name string, content []byte) error {
	temporary := s.path(name) + temporaryEnd
	f, err := s.disk.Create(temporary)
	if err != nil {
		return err
	}
	if err := writeSync(f, content); err != nil {
		s.disk.Remove(temporary)
		return err
	}
	if err := s.disk.Rename(temporary, s.path(name)); err != nil {
		return err
	}
	return s.disk.SyncDir(s.dir)
}

func (s *Store) appendLine(h shard) error {
	f, err := s.disk.Append(s.path(indexName))
	if err != nil {
		return err
	}
	if err := writeSync(f, []byte(h.line())); err != nil {
		return err
	}
	return s.disk.SyncDir(s.dir) // the first line made the file
}

func writeError(path string, err error) error {
	var system *os.PathError
	if errors.As(err, &system) && strings.HasPrefix(system.Path, path) {
		err = system.Err // it would name the file again
	}
	err = fmt.Errorf("writing %s: %w", path, err)
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return structure.Hint(err, "free some disk space and resume; nothing that was written before is lost")
	}
	return err
}

// Items reads the store, in the order of appending. Of frames with the same id the first counts.
func (s *Store) Items() ([]Item, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var items []Item
	seen := map[string]bool{}
	for _, h := range s.shards {
		part, err := s.read(h)
		if err != nil {
			return nil, err
		}
		for _, it := range part {
			if !seen[it.ID] {
				seen[it.ID] = true
				items = append(items, it)
			}
		}
	}
	return items, nil
}

func (s *Store) read(h shard) ([]Item, error) {
	content, err := os.ReadFile(s.path(h.name))
	if err != nil {
		return nil, err
	}
	if checksum(content) != h.sum {
		return nil, s.damaged(h)
	}
	return decode(content, s.path(h.name))
}

func (s *Store) damaged(h shard) error {
	err := fmt.Errorf("%s is not what was written", s.path(h.name))
	return structure.Hint(err, "restore the file, or delete it and its line in "+s.path(indexName)+" to have its labels made again")
}

func (s *Store) path(name string) string { return filepath.Join(s.dir, name) }

// next is the number of the next shard: one more than the last.
func (s *Store) next() int {
	if len(s.shards) == 0 {
		return 0
	}
	return shardNumber(s.shards[len(s.shards)-1].name) + 1
}

func checksum(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

const (
	groupKey  = "mlff_group"
	sourceKey = "mlff_source"
	weightKey = "mlff_weight"
)

// encode writes items as compressed extended XYZ with group, source and weight among the keys.
func encode(items []Item) ([]byte, error) {
	var out bytes.Buffer
	z, err := zstd.NewWriter(&out, zstd.WithEncoderConcurrency(1)) // one thread: equal items, equal bytes
	if err != nil {
		return nil, err
	}
	for i := range items {
		if err := structure.WriteFrame(z, items[i].tagged()); err != nil {
			return nil, err
		}
	}
	err = z.Close()
	return out.Bytes(), err
}

// decode is the inverse of encode.
func decode(content []byte, name string) ([]Item, error) {
	z, err := zstd.NewReader(bytes.NewReader(content), zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	defer z.Close()
	return readAll(structure.NewReader(z, strings.TrimSuffix(name, ".zst"), structure.Keys{}))
}
