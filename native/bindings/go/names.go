package vecq

// #include "vecq.h"
import "C"

import "unsafe"

// Numbers returns the numbers of string ids, by which all other calls name items; -1 for unknown
// ones.
func (x *Index) Numbers(names []string) ([]int64, error) {
	var bytes []byte
	offsets, numbers := make([]int64, 1, len(names)+1), make([]int64, len(names))
	for _, name := range names {
		bytes = append(bytes, name...)
		offsets = append(offsets, int64(len(bytes)))
	}
	var version C.uint64_t
	err := x.use(func(own *C.vecq_index, e *C.vecq_error) C.vecq_status {
		return C.vecq_index_find_ids(own, (*C.char)(unsafe.Pointer(first(bytes))),
			C.size_t(len(bytes)), (*C.int64_t)(first(offsets)), C.size_t(len(names)),
			(*C.int64_t)(first(numbers)), &version, e)
	})
	return numbers, err
}

// Names returns the string ids of numbers; empty where a number has none.
func (x *Index) Names(numbers []int64) ([]string, error) {
	// An index that is read-only keeps the version of its numbers.
	var version C.uint64_t
	err := x.use(func(own *C.vecq_index, e *C.vecq_error) C.vecq_status {
		return C.vecq_index_find_ids(own, nil, 0, nil, 0, nil, &version, e)
	})
	bytes, offsets := make([]byte, 32*len(numbers)), make([]int64, len(numbers)+1)
	for length := C.size_t(len(bytes) + 1); err == nil && int(length) > len(bytes); {
		var isCurrent C.int32_t
		err = x.use(func(own *C.vecq_index, e *C.vecq_error) C.vecq_status {
			return C.vecq_index_names(own, (*C.int64_t)(first(numbers)), C.size_t(len(numbers)),
				version, (*C.char)(unsafe.Pointer(first(bytes))), C.size_t(len(bytes)),
				(*C.int64_t)(first(offsets)), &length, &isCurrent, e)
		})
		if int(length) > len(bytes) {
			bytes, length = make([]byte, length), length+1
		}
	}
	if err != nil {
		return nil, err
	}
	names := make([]string, len(numbers))
	for i := range names {
		names[i] = string(bytes[offsets[i]:offsets[i+1]])
	}
	return names, nil
}
