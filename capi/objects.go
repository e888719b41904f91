package main

import "sync"

// table holds what C knows by number. Numbers are never used twice.
type table[T any] struct {
	mutex sync.RWMutex
	last  uintptr
	held  map[uintptr]T
}

// reserved keeps numbers clear of what a debugger or a mistake takes for NULL or a small integer.
const reserved = 1 << 20

func (t *table[T]) add(v T) uintptr {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.held == nil {
		t.held, t.last = map[uintptr]T{}, reserved
	}
	t.last += 16
	t.held[t.last] = v
	return t.last
}

func (t *table[T]) get(n uintptr) (v T, ok bool) {
	t.mutex.RLock()
	v, ok = t.held[n]
	t.mutex.RUnlock()
	return v, ok
}

func (t *table[T]) remove(n uintptr) (v T, ok bool) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	v, ok = t.held[n]
	delete(t.held, n)
	return v, ok
}
