package vecq

// #cgo pkg-config: vecq
// #include <stdlib.h>
// #include "vecq.h"
import "C"

import (
	"sync/atomic"
	"unsafe"
)

// handle counts the users of a native handle: its owner until Close, calls in progress, and filters
// of an index. The last one closes it.
type handle struct {
	native unsafe.Pointer
	close  func(unsafe.Pointer)
	uses   atomic.Int64
	closed atomic.Bool
}

func newHandle(native unsafe.Pointer, close func(unsafe.Pointer)) *handle {
	h := &handle{native: native, close: close}
	h.uses.Store(1)
	return h
}

// acquire adds a user. After Close it fails.
func (h *handle) acquire() error {
	if h.closed.Load() {
		return ErrClosed
	}
	for {
		uses := h.uses.Load()
		if uses == 0 {
			return ErrClosed
		}
		if h.uses.CompareAndSwap(uses, uses+1) {
			return nil
		}
	}
}

func (h *handle) release() {
	if h.uses.Add(-1) == 0 {
		h.close(h.native)
	}
}

// end gives up the owner's use, once.
func (h *handle) end() {
	if !h.closed.Swap(true) {
		h.release()
	}
}

// first returns the address of the first element, or nil.
func first[T any](elements []T) *T {
	if len(elements) == 0 {
		return nil
	}
	return &elements[0]
}
