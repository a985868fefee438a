package vecq

/*
#include <stdlib.h>
#include "vecq.h"
*/
import "C"

import (
	"context"
	"sync"
	"time"
	"unsafe"
)

// LiveOptions are the options of a live index. The zero value of a field asks for its default.
type LiveOptions struct {
	Interval      time.Duration // how often to look for a new file; default: 1 s; below 0: never
	Preload       Preload       // read before an index is used; default: nothing
	SkipChecksums bool          // use a file without comparing its checksums
	OnRefresh     func(error)   // called after each swap (nil) and each file that was refused
}

// LiveStatus is the state of a live index.
type LiveStatus struct {
	Version  uint64    // of the index in use: 1, and 1 more with each swap
	Failures uint64    // files that were refused
	Modified time.Time // modification time of the file in use
	Err      error     // why the last refresh failed; nil: it did not
}

// Live is an index that follows a file: a new file of the same name is opened, checked, loaded and
// swapped in, while searches finish on the index that they began with. A file that cannot be used
// leaves the index in use.
type Live struct {
	own     *handle
	stop    context.CancelFunc
	watcher sync.WaitGroup
}

// OpenLive opens a file, which must be usable, and follows it.
func OpenLive(path string, options LiveOptions) (*Live, error) {
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	native := C.vecq_live_options{
		struct_size: C.sizeof_vecq_live_options,
		preload:     C.int32_t(options.Preload),
	}
	if options.SkipChecksums {
		native.skip_checksums = 1
	}
	var own *C.vecq_live
	var e C.vecq_error
	if err := failure(C.vecq_live_open(name, &native, &own, &e), &e); err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	live := &Live{stop: stop}
	live.own = newHandle(unsafe.Pointer(own), func(native unsafe.Pointer) {
		C.vecq_live_close((*C.vecq_live)(native))
	})
	if options.Interval == 0 {
		options.Interval = time.Second
	}
	if options.Interval > 0 {
		live.watcher.Add(1)
		go live.watch(ctx, options)
	}
	return live, nil
}

func (l *Live) watch(ctx context.Context, options LiveOptions) {
	defer l.watcher.Done()
	ticker := time.NewTicker(options.Interval)
	defer ticker.Stop()
	for failures := uint64(0); ; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		swapped, err := l.Refresh(false)
		if options.OnRefresh == nil {
			continue
		}
		status, failed := l.Status()
		if failed == nil && (swapped || status.Failures != failures) {
			failures = status.Failures
			options.OnRefresh(err)
		}
	}
}

// use calls body with the native handle, which stays open meanwhile.
func (l *Live) use(body func(*C.vecq_live, *C.vecq_error) C.vecq_status) error {
	if err := l.own.acquire(); err != nil {
		return err
	}
	defer l.own.release()
	var e C.vecq_error
	return failure(body((*C.vecq_live)(l.own.native), &e), &e)
}

// Index returns the index in use and its version. It stays open until the caller closes it, also if
// it is replaced meanwhile.
func (l *Live) Index() (*Index, uint64, error) {
	var own *C.vecq_index
	var version C.uint64_t
	err := l.use(func(live *C.vecq_live, e *C.vecq_error) C.vecq_status {
		return C.vecq_live_acquire(live, &own, &version, e)
	})
	if err != nil {
		return nil, 0, err
	}
	index, err := newIndex(own, func(index unsafe.Pointer) {
		C.vecq_live_release((*C.vecq_index)(index))
	})
	return index, uint64(version), err
}

// Search searches the index in use.
func (l *Live) Search(ctx context.Context, queries []float32, options SearchOptions) (
	*Results, error) {
	index, _, err := l.Index()
	if err != nil {
		return nil, err
	}
	defer index.Close()
	return index.Search(ctx, queries, options)
}

// Refresh looks for a new file now. It returns whether it was swapped in, or why it cannot be used.
// A file that was refused is tried again only if retry is set, or once it has changed.
func (l *Live) Refresh(retry bool) (swapped bool, err error) {
	var own, again C.int32_t
	if retry {
		again = 1
	}
	err = l.use(func(live *C.vecq_live, e *C.vecq_error) C.vecq_status {
		return C.vecq_live_refresh(live, again, &own, e)
	})
	return own != 0 && err == nil, err
}

// Status returns the state of the index in use and of the last refresh.
func (l *Live) Status() (LiveStatus, error) {
	own := C.vecq_live_status{struct_size: C.sizeof_vecq_live_status}
	err := l.use(func(live *C.vecq_live, e *C.vecq_error) C.vecq_status {
		return C.vecq_live_get_status(live, &own, e)
	})
	return LiveStatus{
		Version:  uint64(own.version),
		Failures: uint64(own.failures),
		Modified: time.Unix(0, int64(own.changed_ns)),
		Err:      failure(C.vecq_status(own.failed), &own.error),
	}, err
}

// Close stops to follow the file, waits for a refresh in progress, and gives the handle back. A
// second call does nothing. It must not be called by OnRefresh.
func (l *Live) Close() error {
	l.stop()
	l.watcher.Wait()
	l.own.end()
	return nil
}
