// Command bench measures the binding as bench/bindings/call.c measures the C ABI:
// INDEX QUERIES K SECONDS.
package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"log"
	"os"
	"strconv"
	"sync"
	"time"

	"vecq"
)

const count = 500

func main() {
	index, err := vecq.Open(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	defer index.Close()
	file, err := os.Open(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	queries := make([]float32, count*index.Dim())
	if err := binary.Read(file, binary.LittleEndian, queries); err != nil {
		log.Fatal(err)
	}
	k, _ := strconv.Atoi(os.Args[3])
	seconds, _ := strconv.ParseFloat(os.Args[4], 64)
	length := time.Duration(seconds * float64(time.Second))
	ctx, options := context.Background(), vecq.SearchOptions{K: k, Plan: vecq.PlanWalk}
	search := func(q int) {
		query := queries[q*index.Dim():][:index.Dim()]
		if _, err := index.Search(ctx, query, options); err != nil {
			log.Fatal(err)
		}
	}
	pass := func() {
		for q := 0; q < count; q++ {
			search(q)
		}
	}
	passes := func() (done int) {
		for end := time.Now().Add(length); time.Now().Before(end); done += count {
			pass()
		}
		return done
	}
	pass()
	var best [count]time.Duration
	for end := time.Now().Add(length); time.Now().Before(end); {
		for q := range best {
			start := time.Now()
			search(q)
			if own := time.Since(start); best[q] == 0 || own < best[q] {
				best[q] = own
			}
		}
	}
	var sum time.Duration
	for _, own := range best {
		sum += own
	}
	alone := passes()
	var both [2]int
	var group sync.WaitGroup
	for i := range both {
		i := i
		group.Add(1)
		go func() {
			defer group.Done()
			both[i] = passes()
		}()
	}
	group.Wait()
	fmt.Printf("%.2f %.0f %.0f\n", float64(sum.Nanoseconds())/1000/count,
		float64(alone)/seconds, float64(both[0]+both[1])/seconds)
}
