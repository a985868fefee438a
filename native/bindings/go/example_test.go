package vecq_test

import (
	"context"
	"fmt"
	"log"

	"vecq"
)

func Example() {
	index, err := vecq.Open("../../../tests/fixtures/format-1-l2.vecq")
	if err != nil {
		log.Fatal(err)
	}
	defer index.Close()
	query := make([]float32, index.Dim())
	found, err := index.Search(context.Background(), query, vecq.SearchOptions{
		K:       2,
		Exclude: [][]int64{{-20}},
	})
	if err != nil {
		log.Fatal(err)
	}
	for i, id := range found.IDs(0) {
		fmt.Printf("%d scores %.2f\n", id, found.Scores(0)[i])
	}
}
