package vecq

// #include "vecq.h"
import "C"

import (
	"fmt"
	"runtime"
	"unsafe"
)

// Groups is the group of each item, such as its seller, for any number of searches and indexes.
type Groups struct{ own *handle }

// NewGroups creates groups: the group of ids[i] is named by keys[i]. Items of other ids are a group
// of their own each.
func NewGroups[K comparable](ids []int64, keys []K) (*Groups, error) {
	if len(ids) != len(keys) {
		return nil, invalid("groups", fmt.Sprintf(
			"groups has %d keys, expected one for each of %d ids", len(keys), len(ids)))
	}
	known := make(map[K]uint32)
	numbers := make([]uint32, len(keys))
	for i, key := range keys {
		number, ok := known[key]
		if !ok {
			number = uint32(len(known))
			known[key] = number
		}
		numbers[i] = number
	}
	return openGroups(ids, numbers)
}

func openGroups(ids []int64, numbers []uint32) (*Groups, error) {
	var own *C.vecq_groups
	var e C.vecq_error
	status := C.vecq_groups_open((*C.int64_t)(first(ids)), (*C.uint32_t)(first(numbers)),
		C.size_t(len(ids)), &own, &e)
	if err := failure(status, &e); err != nil {
		return nil, err
	}
	groups := &Groups{newHandle(unsafe.Pointer(own), func(native unsafe.Pointer) {
		C.vecq_groups_close((*C.vecq_groups)(native))
	})}
	runtime.SetFinalizer(groups, (*Groups).Close)
	return groups, nil
}

// Close gives the groups back. A second call does nothing.
func (g *Groups) Close() error {
	runtime.SetFinalizer(g, nil)
	g.own.end()
	return nil
}
