package vecq

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const fixtures = "../../../tests/fixtures"

func open(t testing.TB, name string) *Index {
	t.Helper()
	index, err := Open(filepath.Join(fixtures, "format-1-"+name+".vecq"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { index.Close() })
	return index
}

func queries(count int) []float32 {
	own := make([]float32, count*8)
	for i := range own {
		own[i] = float32((6000+i)*7919%1009)/512 - 1
	}
	return own
}

// residentBytes returns the memory of the process.
func residentBytes(t *testing.T) int {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip("no /proc")
	}
	pages, _ := strconv.Atoi(strings.Fields(string(text))[1])
	return pages * os.Getpagesize()
}

func TestAnIndexDescribesItself(t *testing.T) {
	index := open(t, "living")
	size, err := index.Len()
	if err != nil || size != 31 || index.Dim() != 8 || index.Metric() != L2 {
		t.Fatal(size, err, index.Dim(), index.Metric())
	}
	ids, err := index.IDs()
	if err != nil || len(ids) != size {
		t.Fatal(ids, err)
	}
	has, err := index.Contains(ids[3])
	lacks, failed := index.Contains(12345)
	if !has || err != nil || lacks || failed != nil {
		t.Fatal(has, err, lacks, failed)
	}
	vectors, err := index.Vectors(ids[:2])
	if err != nil || len(vectors) != 16 {
		t.Fatal(vectors, err)
	}
	if _, err = index.Vectors([]int64{12345}); err == nil || !strings.Contains(err.Error(), "12345") {
		t.Fatal(err)
	}
	stats, err := index.Stats()
	if err != nil || stats.Items != size || stats.Unreachable != 0 || stats.Layers[0] == 0 {
		t.Fatal(stats, err)
	}
	problems, err := index.Check(true)
	if err != nil || len(problems) != 0 || index.Preload(PreloadAll) != nil {
		t.Fatal(problems, err)
	}
	if ef, rerank, err := index.Effort(10, 0); ef != 110 || rerank != 20 || err != nil {
		t.Fatal(ef, rerank, err)
	}
}

func TestWrongArgumentsNameTheArgument(t *testing.T) {
	index := open(t, "ip")
	ctx := context.Background()
	for argument, options := range map[string]SearchOptions{
		"k":       {K: -1},
		"ef":      {EF: -1},
		"rerank":  {K: 5, Rerank: 2},
		"threads": {Threads: -2},
		"plan":    {Plan: 9},
		"exclude": {Exclude: [][]int64{{1}}},

		"bias_weights": {BiasWeights: []float32{1}},
		"where":        {Where: []string{"stock\x00"}},
		"per_group":    {PerGroup: -1},
		"candidates":   {Candidates: -1},
		"diversity":    {Diversity: 1.5},
	} {
		var failed *Error
		_, err := index.Search(ctx, queries(2), options)
		if !errors.As(err, &failed) || failed.Argument != argument ||
			!strings.HasPrefix(failed.Message, argument) {
			t.Errorf("%s: %v", argument, err)
		}
	}
	var failed *Error
	if _, err := index.Search(ctx, make([]float32, 9), SearchOptions{}); !errors.As(err, &failed) ||
		failed.Argument != "queries" {
		t.Error(err)
	}
	three := SearchOptions{Where: []string{"a", "b", "c"}}
	if _, err := index.Search(ctx, queries(2), three); !errors.As(err, &failed) ||
		failed.Argument != "where" {
		t.Error(err)
	}
	if _, err := NewGroups([]int64{1, 2}, []string{"a"}); !errors.As(err, &failed) ||
		failed.Argument != "groups" {
		t.Error(err)
	}
	filter, err := open(t, "l2").Filter(nil, []int64{1})
	if err != nil {
		t.Fatal(err)
	}
	defer filter.Close()
	if _, err := index.Search(ctx, queries(1), SearchOptions{Filter: filter}); err == nil ||
		err.Error() != "filter belongs to another index" {
		t.Error(err)
	}
	if _, err := Open(filepath.Join(fixtures, "none.vecq")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func TestClosedHandlesAreRefusedAndCallsInProgressFinish(t *testing.T) {
	index := open(t, "l2")
	filter, err := index.Filter([]int64{-50, -40}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for i := 0; i < 4; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for err := error(nil); !errors.Is(err, ErrClosed); {
				if _, err = index.Search(context.Background(), queries(3),
					SearchOptions{Filter: filter}); err != nil && !errors.Is(err, ErrClosed) {
					t.Error(err)
				}
			}
		}()
	}
	time.Sleep(5 * time.Millisecond)
	index.Close()
	index.Close()
	group.Wait()
	if _, err := index.Len(); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if count, err := filter.Count(); count != 2 || err != nil { // it keeps its index open
		t.Error(count, err)
	}
	filter.Close()
	if _, err := filter.Count(); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

func TestAContextEndsASearch(t *testing.T) {
	index := open(t, "l2")
	ctx, cancel := context.WithCancel(context.Background())
	if found, err := index.Search(ctx, queries(3), SearchOptions{}); err != nil || found == nil {
		t.Fatal(err)
	}
	many := queries(1000000)
	time.AfterFunc(10*time.Millisecond, cancel)
	if _, err := index.Search(ctx, many, SearchOptions{Plan: PlanWalk}); err != context.Canceled {
		t.Fatal(err)
	}
	if _, err := index.Search(ctx, queries(1), SearchOptions{}); err != context.Canceled {
		t.Fatal(err)
	}
}

func TestMemoryIsReleased(t *testing.T) {
	round := func() {
		index := open(t, "living")
		filter, err := index.Filter(nil, []int64{-50})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := index.Search(context.Background(), queries(4), SearchOptions{
			Filter: filter, Exclude: [][]int64{{1}, {2}, {3}, {}}}); err != nil {
			t.Fatal(err)
		}
		filter.Close()
		index.Close()
	}
	for i := 0; i < 200; i++ {
		round()
	}
	runtime.GC()
	before := residentBytes(t)
	for i := 0; i < 2000; i++ {
		round()
	}
	runtime.GC()
	if grown := residentBytes(t) - before; grown > 16<<20 {
		t.Errorf("the process grew by %d bytes", grown)
	}
}

func copyFile(t *testing.T, from, to string, edit func([]byte)) {
	t.Helper()
	bytes, err := os.ReadFile(filepath.Join(fixtures, "format-1-"+from+".vecq"))
	if err != nil {
		t.Fatal(err)
	}
	edit(bytes)
	if err := os.WriteFile(to+".new", bytes, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(to+".new", to); err != nil {
		t.Fatal(err)
	}
}

func TestALiveIndexFollowsItsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "live.vecq")
	same := func([]byte) {}
	copyFile(t, "l2", path, same)
	reports := make(chan error, 10)
	live, err := OpenLive(path, LiveOptions{Interval: 5 * time.Millisecond,
		Preload: PreloadSearch, OnRefresh: func(err error) { reports <- err }})
	if err != nil {
		t.Fatal(err)
	}
	defer live.Close()
	before, version, err := live.Index()
	if err != nil || version != 1 {
		t.Fatal(version, err)
	}
	defer before.Close()

	copyFile(t, "living", path, func(bytes []byte) { bytes[len(bytes)-200] ^= 1 })
	var failed *Error
	if err := <-reports; !errors.As(err, &failed) || failed.Status != CorruptFile {
		t.Fatal(err)
	}
	status, err := live.Status()
	if err != nil || status.Version != 1 || status.Failures != 1 || status.Err == nil {
		t.Fatal(status, err)
	}
	copyFile(t, "living", path, same)
	if err := <-reports; err != nil {
		t.Fatal(err)
	}
	status, err = live.Status()
	if err != nil || status.Version != 2 || status.Err != nil || status.Modified.IsZero() {
		t.Fatal(status, err)
	}
	old, _ := before.Len()
	after, _, err := live.Index()
	if err != nil {
		t.Fatal(err)
	}
	size, _ := after.Len()
	if old != 40 || size != 31 {
		t.Fatal(old, size)
	}
	after.Close()
	if swapped, err := live.Refresh(true); swapped || err != nil {
		t.Fatal(swapped, err)
	}
	found, err := live.Search(context.Background(), queries(2), SearchOptions{K: 3})
	if err != nil || len(found.IDs(1)) != 3 {
		t.Fatal(found, err)
	}
	live.Close()
	if _, _, err := live.Index(); !errors.Is(err, ErrClosed) {
		t.Fatal(err)
	}
}

func TestSearchesGoOnDuringSwaps(t *testing.T) {
	path := filepath.Join(t.TempDir(), "live.vecq")
	same := func([]byte) {}
	copyFile(t, "l2", path, same)
	live, err := OpenLive(path, LiveOptions{Interval: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer live.Close()
	ctx, stop := context.WithCancel(context.Background())
	var group sync.WaitGroup
	for i := 0; i < 3; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for ctx.Err() == nil {
				if _, err := live.Search(context.Background(), queries(2),
					SearchOptions{}); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	for i := 0; i < 50; i++ {
		copyFile(t, []string{"living", "l2"}[i%2], path, same)
		if swapped, err := live.Refresh(false); !swapped || err != nil {
			t.Error(swapped, err)
		}
	}
	stop()
	group.Wait()
}
