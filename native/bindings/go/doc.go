// Package vecq searches the quantized vector indexes of vecq, which map files into memory.
//
//	index, err := vecq.Open("items.vecq")
//	if err != nil {
//		return err
//	}
//	defer index.Close()
//	found, err := index.Search(ctx, query, vecq.SearchOptions{K: 100, Exclude: [][]int64{seen}})
//
// All types may be used by any number of goroutines at the same time, and Close waits for no one: a
// handle that other calls use is closed when the last of them returns. The package needs cgo and
// libvecq, which it finds by pkg-config.
package vecq
