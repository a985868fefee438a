package vecq

/*
#include <stdlib.h>
#include "vecq.h"

// Go may pass no struct that holds pointers to its memory, but pointers as arguments: `options` has
// those to memory of C. `ef` 0 and `rerank` -1 ask for the default.
static vecq_status search(const vecq_index* index, vecq_search_options options, size_t ef,
                          double target_recall, int64_t rerank, const int64_t* exclude_offsets,
                          const int64_t* exclude_ids, const float* bias_weights,
                          const float* queries, size_t count, int64_t* ids, float* scores,
                          int64_t* counts, vecq_search_report* report, vecq_error* error) {
    if (target_recall != 0 || rerank < 0) {
        vecq_status status = vecq_index_effort(index, options.k, target_recall, &options.ef,
                                               &options.rerank, error);
        if (status != VECQ_OK) return status;
    }
    if (ef != 0) options.ef = ef;
    if (rerank >= 0) options.rerank = rerank;
    options.exclude_offsets = exclude_offsets;
    options.exclude_ids = exclude_ids;
    options.bias_weights = bias_weights;
    return vecq_index_search(index, &options, queries, count, ids, scores, counts, report, error);
}

static vecq_status open_filter(const vecq_index* index, int allows, const int64_t* allow,
                               size_t allow_count, int denies, const int64_t* deny,
                               size_t deny_count, vecq_filter** filter, vecq_error* error) {
    vecq_choice allowed = {sizeof allowed}, denied = {sizeof denied};
    allowed.ids = allow;
    allowed.count = allow_count;
    denied.ids = deny;
    denied.count = deny_count;
    return vecq_filter_open(index, allows ? &allowed : NULL, denies ? &denied : NULL, filter,
                            error);
}
*/
import "C"

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"unsafe"
)

// Plan says how a search finds items.
type Plan int

// PlanAuto walks the graph or scans, by estimated cost; PlanWalk walks the graph; PlanStepOver
// walks it, expanding rejected nodes without scoring them; PlanScan scores all allowed items;
// PlanProbe scores those of the nearest cells, for large batches on an index that was partitioned.
const (
	PlanAuto     Plan = C.VECQ_PLAN_AUTO
	PlanWalk     Plan = C.VECQ_PLAN_WALK
	PlanStepOver Plan = C.VECQ_PLAN_STEP_OVER
	PlanScan     Plan = C.VECQ_PLAN_SCAN
	PlanProbe    Plan = C.VECQ_PLAN_PROBE
)

const defaultRerank = -1 // of the C function search

// NoRerank as SearchOptions.Rerank skips the rerank store.
const NoRerank = -1

// SearchOptions are the options of a search. The zero value of a field asks for its default.
type SearchOptions struct {
	K            int       // results per query; default: 10
	EF           int       // beam width of a walk; default: by TargetRecall, otherwise K + 100; with codes in planes at least 1.25 K + 8
	TargetRecall float64   // the recall to reach, by the recall curve that the index keeps
	Rerank       int       // candidates rescored on the rerank store; default: as measured with the recall curve; NoRerank: none
	Plan         Plan      // how items are found
	Probes       int       // cells of PlanProbe for each query; default: enough for most results
	Threads      int       // threads of a call with several queries; default: 1; -1: all cores
	Filter       *Filter   // the allowed items; default: all
	Exclude      [][]int64 // ids that each query does not return: nil, or a list for each query
	Where        []string  // conditions: none, one for all queries, or one for each; "": all items
	BiasWeights  []float32 // weights of the items' biases, one for each query; default: 1
	GroupBy      *Groups   // limits the results of a query that are of one group; default: no limit
	PerGroup     int       // results that may be of one group; default: 1
	Diversity    float32   // 0 to 1: picks results unlike each other among the best Candidates
	Candidates   int       // of Diversity, raised to K; default: 500
}

// Results are the results of a search, best first for each query.
type Results struct {
	K          int
	Plan       Plan   // the plan that was used
	Hops       uint64 // nodes whose neighbor lists were read, over all queries
	ScoredRows uint64 // distance computations, over all queries

	ids    []int64
	scores []float32
	counts []int64
}

// Queries returns the number of queries.
func (r *Results) Queries() int { return len(r.counts) }

// IDs returns the ids found for a query: K of them if as many items are allowed.
func (r *Results) IDs(query int) []int64 {
	return r.ids[query*r.K:][:r.counts[query]]
}

// Scores returns the scores of the ids; higher is better.
func (r *Results) Scores(query int) []float32 {
	return r.scores[query*r.K:][:r.counts[query]]
}

// Effort returns the beam width that reaches a target recall by the index's curve (0: the default
// beam width), and the default number of candidates rescored on the rerank store.
func (x *Index) Effort(k int, targetRecall float64) (ef, rerank int, err error) {
	var width, count C.size_t
	err = x.use(func(own *C.vecq_index, e *C.vecq_error) C.vecq_status {
		return C.vecq_index_effort(own, C.size_t(k), C.double(targetRecall), &width, &count, e)
	})
	return int(width), int(count), err
}

// Search finds the best K items for each query. queries holds vectors of Dim values, one after the
// other. If ctx ends, a search of several queries stops between queries and returns ctx.Err().
func (x *Index) Search(ctx context.Context, queries []float32, options SearchOptions) (
	*Results, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(queries)%x.dim != 0 {
		return nil, invalid("queries", fmt.Sprintf(
			"queries has %d values, expected a multiple of dim, %d", len(queries), x.dim))
	}
	count := len(queries) / x.dim
	if err := options.complete(count); err != nil {
		return nil, err
	}
	offsets, excluded, err := options.exclusions(count)
	if err != nil {
		return nil, err
	}
	if options.Filter != nil {
		if err := options.Filter.own.acquire(); err != nil {
			return nil, err
		}
		defer options.Filter.own.release()
	}
	native := options.native()
	if options.Filter != nil {
		native.filter = (*C.vecq_filter)(options.Filter.own.native)
	}
	if options.GroupBy != nil {
		if err := options.GroupBy.own.acquire(); err != nil {
			return nil, err
		}
		defer options.GroupBy.own.release()
		native.groups = (*C.vecq_groups)(options.GroupBy.own.native)
	}
	if len(options.Where) > 0 {
		var free func()
		native.where, free = texts(options.Where)
		defer free()
	}
	if count > 1 && ctx.Done() != nil {
		flag, stop := watch(ctx)
		defer stop()
		native.cancelled = flag
	}
	found := &Results{
		K:      options.K,
		ids:    make([]int64, count*options.K),
		scores: make([]float32, count*options.K),
		counts: make([]int64, count),
	}
	report := C.vecq_search_report{struct_size: C.sizeof_vecq_search_report}
	err = x.use(func(own *C.vecq_index, e *C.vecq_error) C.vecq_status {
		return C.search(own, native, C.size_t(options.EF), C.double(options.TargetRecall),
			C.int64_t(options.Rerank), (*C.int64_t)(first(offsets)), (*C.int64_t)(first(excluded)),
			(*C.float)(first(options.BiasWeights)), (*C.float)(first(queries)), C.size_t(count),
			(*C.int64_t)(first(found.ids)),
			(*C.float)(first(found.scores)), (*C.int64_t)(first(found.counts)), &report, e)
	})
	if err != nil {
		if native.cancelled != nil && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, err
	}
	found.Plan = Plan(report.plan)
	found.Hops, found.ScoredRows = uint64(report.hops), uint64(report.scored_rows)
	return found, nil
}

// native returns the options that hold no pointers.
func (o *SearchOptions) native() C.vecq_search_options {
	own := C.vecq_search_options{
		struct_size: C.sizeof_vecq_search_options,
		k:           C.size_t(o.K),
		plan:        C.int32_t(o.Plan),
		probes:      C.size_t(o.Probes),
		threads:     C.size_t(o.Threads),
		per_group:   C.size_t(o.PerGroup),
		diversity:   C.float(o.Diversity),
		where_count: C.size_t(len(o.Where)),
	}
	if o.Diversity != 0 {
		own.candidates = C.size_t(o.Candidates)
		if o.Candidates < o.K {
			own.candidates = own.k
		}
	}
	return own
}

// complete replaces defaults by values of the C ABI.
func (o *SearchOptions) complete(queries int) error {
	if o.K == 0 {
		o.K = 10
	}
	if o.Candidates == 0 {
		o.Candidates = 500
	}
	for _, own := range []struct {
		name         string
		value, least int
	}{{"k", o.K, 1}, {"ef", o.EF, 0}, {"rerank", o.Rerank, NoRerank}, {"threads", o.Threads, -1},
		{"probes", o.Probes, 0}, {"per_group", o.PerGroup, 0},
		{"candidates", o.Candidates, 1}} {
		if own.value < own.least {
			return invalid(own.name, fmt.Sprintf("%s is %d, expected %d or more",
				own.name, own.value, own.least))
		}
	}
	if o.EF != 0 && o.TargetRecall != 0 {
		return invalid("ef", "ef and target_recall are both given, expected one")
	}
	if len(o.BiasWeights) != 0 && len(o.BiasWeights) != queries {
		return invalid("bias_weights", fmt.Sprintf(
			"bias_weights has %d weights, expected one for each of %d queries",
			len(o.BiasWeights), queries))
	}
	for _, condition := range o.Where {
		if zero := strings.IndexByte(condition, 0); zero >= 0 {
			return invalid("where", fmt.Sprintf("where, at byte %d: a null character", zero))
		}
	}
	switch o.Rerank {
	case 0:
		o.Rerank = defaultRerank
	case NoRerank:
		o.Rerank = 0
	}
	switch o.Threads {
	case 0:
		o.Threads = 1
	case -1:
		o.Threads = 0
	}
	return nil
}

// exclusions returns the lists as offsets and ids.
func (o *SearchOptions) exclusions(queries int) (offsets, ids []int64, err error) {
	if o.Exclude == nil {
		return nil, nil, nil
	}
	if len(o.Exclude) != queries {
		return nil, nil, invalid("exclude", fmt.Sprintf(
			"exclude has ids for %d queries, expected %d", len(o.Exclude), queries))
	}
	offsets = make([]int64, 1, queries+1)
	for _, list := range o.Exclude {
		ids = append(ids, list...)
		offsets = append(offsets, int64(len(ids)))
	}
	return offsets, ids, nil
}

// texts returns strings as an array in memory of C, NULL for empty ones. free frees it.
func texts(from []string) (array **C.char, free func()) {
	array = (**C.char)(C.calloc(C.size_t(len(from)), C.size_t(unsafe.Sizeof(uintptr(0)))))
	own := unsafe.Slice(array, len(from))
	for i, text := range from {
		if text != "" {
			own[i] = C.CString(text)
		}
	}
	return array, func() {
		for _, text := range own {
			C.free(unsafe.Pointer(text))
		}
		C.free(unsafe.Pointer(array))
	}
}

// watch returns a flag that is set when ctx ends, in memory of C. stop frees it.
func watch(ctx context.Context) (flag *C.int32_t, stop func()) {
	flag = (*C.int32_t)(C.calloc(1, C.sizeof_int32_t))
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case <-ctx.Done():
			atomic.StoreInt32((*int32)(flag), 1)
		case <-done:
		}
	}()
	return flag, func() {
		close(done)
		<-ended
		C.free(unsafe.Pointer(flag))
	}
}

// Filter is a set of allowed items of an index, for any number of searches.
type Filter struct{ own *handle }

// Filter creates a filter of the ids of allow (nil: all) that are not in deny (nil: none). Unknown
// ids are ignored.
func (x *Index) Filter(allow, deny []int64) (*Filter, error) {
	if err := x.own.acquire(); err != nil { // until the filter is closed
		return nil, err
	}
	var own *C.vecq_filter
	var e C.vecq_error
	status := C.open_filter((*C.vecq_index)(x.own.native),
		C.int(isGiven(allow)), (*C.int64_t)(first(allow)), C.size_t(len(allow)),
		C.int(isGiven(deny)), (*C.int64_t)(first(deny)), C.size_t(len(deny)), &own, &e)
	if err := failure(status, &e); err != nil {
		x.own.release()
		return nil, err
	}
	index := x.own
	filter := &Filter{newHandle(unsafe.Pointer(own), func(native unsafe.Pointer) {
		C.vecq_filter_close((*C.vecq_filter)(native))
		index.release()
	})}
	runtime.SetFinalizer(filter, (*Filter).Close)
	return filter, nil
}

func isGiven(ids []int64) int {
	if ids == nil {
		return 0
	}
	return 1
}

// Count returns the number of items that the filter allows.
func (f *Filter) Count() (int, error) {
	if err := f.own.acquire(); err != nil {
		return 0, err
	}
	defer f.own.release()
	var count C.size_t
	var e C.vecq_error
	err := failure(C.vecq_filter_count((*C.vecq_filter)(f.own.native), &count, &e), &e)
	return int(count), err
}

// Close gives the filter back. A second call does nothing.
func (f *Filter) Close() error {
	runtime.SetFinalizer(f, nil)
	f.own.end()
	return nil
}
