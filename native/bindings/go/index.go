package vecq

/*
#include <stdlib.h>
#include "vecq.h"
*/
import "C"

import (
	"runtime"
	"unsafe"
)

// Metric is a measure of similarity.
type Metric int

// The metrics: inner product, cosine, and minus the squared distance.
const (
	IP     Metric = C.VECQ_IP
	Cosine Metric = C.VECQ_COSINE
	L2     Metric = C.VECQ_L2
)

// Preload says what is read from a mapped file into memory before it is needed.
type Preload int

// What is read: nothing; what searches read, without the rerank store; everything; as
// PreloadSearch, copied to memory that no other process shares.
const (
	PreloadNone   Preload = C.VECQ_PRELOAD_NONE
	PreloadSearch Preload = C.VECQ_PRELOAD_SEARCH
	PreloadAll    Preload = C.VECQ_PRELOAD_ALL
	PreloadCopy   Preload = C.VECQ_PRELOAD_COPY
)

// Index is an index that maps a file read-only.
type Index struct {
	own    *handle
	dim    int
	metric Metric
}

// Stats describes the graph and the memory of an index.
type Stats struct {
	Items       int
	Layers      []int // items on each layer of the graph
	Unreachable int   // items that no walk can reach
	KeptOut     int   // items kept out of the graph, of norm near 0
	FreeSlots   int   // slots of removed items, to be reused
	CodeBytes   int
	LinkBytes   int
	IDBytes     int
	RerankBytes int
}

// Problem is a violated invariant, such as "links of layer 0, node 17" that "links to itself".
type Problem struct{ Location, Message string }

// Open maps the index in a file. Rows are read when searches touch them.
func Open(path string) (*Index, error) {
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	var own *C.vecq_index
	var e C.vecq_error
	if err := failure(C.vecq_index_open_file(name, 0, &own, &e), &e); err != nil {
		return nil, err
	}
	return newIndex(own, func(index unsafe.Pointer) { C.vecq_index_close((*C.vecq_index)(index)) })
}

// newIndex takes over a native handle, which close gives back.
func newIndex(own *C.vecq_index, close func(unsafe.Pointer)) (*Index, error) {
	index := &Index{own: newHandle(unsafe.Pointer(own), close)}
	about := C.vecq_index_description{struct_size: C.sizeof_vecq_index_description}
	options := C.vecq_index_options{struct_size: C.sizeof_vecq_index_options}
	var e C.vecq_error
	if err := failure(C.vecq_index_describe(own, &about, &options, nil, nil, &e), &e); err != nil {
		index.Close()
		return nil, err
	}
	index.dim, index.metric = int(about.dim), Metric(options.metric)
	runtime.SetFinalizer(index, (*Index).Close)
	return index, nil
}

// Close gives the index back. Calls in progress finish, and later ones return ErrClosed. A filter
// of the index keeps it open until the filter is closed. A second call does nothing.
func (x *Index) Close() error {
	runtime.SetFinalizer(x, nil)
	x.own.end()
	return nil
}

// Dim returns the dimensions of a vector.
func (x *Index) Dim() int { return x.dim }

// Metric returns the measure of similarity.
func (x *Index) Metric() Metric { return x.metric }

// use calls body with the native index, which stays open meanwhile.
func (x *Index) use(body func(*C.vecq_index, *C.vecq_error) C.vecq_status) error {
	if err := x.own.acquire(); err != nil {
		return err
	}
	defer x.own.release()
	var e C.vecq_error
	return failure(body((*C.vecq_index)(x.own.native), &e), &e)
}

// Len returns the number of items.
func (x *Index) Len() (int, error) {
	var size C.size_t
	err := x.use(func(own *C.vecq_index, e *C.vecq_error) C.vecq_status {
		return C.vecq_index_size(own, &size, e)
	})
	return int(size), err
}

// Contains reports whether the index has an item of this id.
func (x *Index) Contains(id int64) (bool, error) {
	var found C.uint8_t
	err := x.use(func(own *C.vecq_index, e *C.vecq_error) C.vecq_status {
		return C.vecq_index_contains(own, (*C.int64_t)(&id), 1, &found, e)
	})
	return found != 0, err
}

// IDs returns all ids in order of insertion.
func (x *Index) IDs() ([]int64, error) {
	size, err := x.Len()
	if err != nil {
		return nil, err
	}
	ids := make([]int64, size)
	var count C.size_t
	err = x.use(func(own *C.vecq_index, e *C.vecq_error) C.vecq_status {
		return C.vecq_index_ids(own, (*C.int64_t)(first(ids)), C.size_t(len(ids)), &count, e)
	})
	return ids, err
}

// Vectors returns the decoded vectors of ids, one after the other.
func (x *Index) Vectors(ids []int64) ([]float32, error) {
	vectors := make([]float32, len(ids)*x.dim)
	err := x.use(func(own *C.vecq_index, e *C.vecq_error) C.vecq_status {
		return C.vecq_index_get(own, (*C.int64_t)(first(ids)), C.size_t(len(ids)),
			(*C.float)(first(vectors)), e)
	})
	return vectors, err
}

// Stats reads the whole graph.
func (x *Index) Stats() (*Stats, error) {
	own := C.vecq_index_stats{struct_size: C.sizeof_vecq_index_stats}
	err := x.use(func(index *C.vecq_index, e *C.vecq_error) C.vecq_status {
		return C.vecq_index_get_stats(index, &own, e)
	})
	if err != nil {
		return nil, err
	}
	stats := &Stats{
		Items:       int(own.rows),
		Unreachable: int(own.unreachable),
		KeptOut:     int(own.kept_out),
		FreeSlots:   int(own.free_slots),
		CodeBytes:   int(own.code_bytes),
		LinkBytes:   int(own.link_bytes),
		IDBytes:     int(own.id_bytes),
		RerankBytes: int(own.rerank_bytes),
	}
	for _, rows := range own.layer_rows[:own.layers] {
		stats.Layers = append(stats.Layers, int(rows))
	}
	return stats, nil
}

// Preload reads the mapped file into memory.
func (x *Index) Preload(what Preload) error {
	return x.run(func(own *C.vecq_index, task **C.vecq_task, e *C.vecq_error) C.vecq_status {
		return C.vecq_task_preload(own, C.int32_t(what), 0, task, e)
	}, func(*C.vecq_task, *C.vecq_error) C.vecq_status { return C.VECQ_OK })
}

// Check compares the checksums of the file and, if deep, looks for violated invariants. It returns
// the first problems found.
func (x *Index) Check(deep bool) ([]Problem, error) {
	var problems []Problem
	depth := C.int32_t(0)
	if deep {
		depth = 1
	}
	err := x.run(func(own *C.vecq_index, task **C.vecq_task, e *C.vecq_error) C.vecq_status {
		return C.vecq_task_check(own, depth, task, e)
	}, func(task *C.vecq_task, e *C.vecq_error) C.vecq_status {
		var found [16]C.vecq_problem
		var listed, count C.size_t
		status := C.vecq_task_problems(task, &found[0], C.size_t(len(found)), &listed, &count, e)
		if status != C.VECQ_OK {
			return status
		}
		for i := 0; i < int(listed) && i < len(found); i++ {
			problems = append(problems, Problem{
				C.GoString(&found[i].location[0]), C.GoString(&found[i].message[0])})
		}
		return C.VECQ_OK
	})
	return problems, err
}

// run begins a task, does all its steps, and calls end before it closes the task.
func (x *Index) run(begin func(*C.vecq_index, **C.vecq_task, *C.vecq_error) C.vecq_status,
	end func(*C.vecq_task, *C.vecq_error) C.vecq_status) error {
	return x.use(func(own *C.vecq_index, e *C.vecq_error) C.vecq_status {
		var task *C.vecq_task
		if status := begin(own, &task, e); status != C.VECQ_OK {
			return status
		}
		defer C.vecq_task_close(task)
		for done, total := C.size_t(0), C.size_t(1); done < total; {
			if status := C.vecq_task_step(task, &done, &total, e); status != C.VECQ_OK {
				return status
			}
		}
		return end(task, e)
	})
}
