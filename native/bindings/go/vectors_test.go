package vecq

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

const vectors = "../../../tests/vectors"

// A testCase is a paragraph of cases.txt: words by key.
type testCase map[string][]string

func readCases(t testing.TB) []testCase {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(vectors, "cases.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []testCase
	for _, paragraph := range strings.Split(strings.TrimSpace(string(text)), "\n\n") {
		own := testCase{}
		for _, line := range strings.Split(paragraph, "\n") {
			key, rest, _ := strings.Cut(line, " ")
			own[key] = strings.Fields(rest)
		}
		cases = append(cases, own)
	}
	return cases
}

func (c testCase) text(key string) string { return strings.Join(c[key], " ") }

func (c testCase) has(key string) bool { _, ok := c[key]; return ok }

// ids is nil only if the key is missing.
func (c testCase) ids(key string) []int64 {
	if !c.has(key) {
		return nil
	}
	ids := []int64{}
	for _, word := range c[key] {
		id, err := strconv.ParseInt(word, 10, 64)
		if err != nil {
			panic(err)
		}
		ids = append(ids, id)
	}
	return ids
}

func (c testCase) number(key string) int {
	if !c.has(key) {
		return 0
	}
	return int(c.ids(key)[0])
}

func (c testCase) floats(key string) []float32 {
	own := []float32{}
	for _, word := range c[key] {
		value, _ := strconv.ParseFloat(word, 32) // too large for float32: infinite
		own = append(own, float32(value))
	}
	return own
}

func (c testCase) options(index *Index) (SearchOptions, error) {
	plans := map[string]Plan{"": PlanAuto, "auto": PlanAuto, "walk": PlanWalk, "scan": PlanScan,
		"probe": PlanProbe}
	options := SearchOptions{K: c.number("k"), EF: c.number("ef"), Rerank: c.number("rerank"),
		Plan: plans[c.text("plan")], Probes: c.number("probes")}
	if c.has("rerank") && options.Rerank == 0 {
		options.Rerank = NoRerank
	}
	if c.has("target_recall") {
		options.TargetRecall, _ = strconv.ParseFloat(c.text("target_recall"), 64)
	}
	excluded, offsets := c.ids("exclude_ids"), c.ids("exclude_offsets")
	for i := 1; i < len(offsets); i++ {
		options.Exclude = append(options.Exclude, excluded[offsets[i-1]:offsets[i]])
	}
	if c.has("exclude_names") {
		numbers, err := index.Numbers(c["exclude_names"])
		if err != nil {
			return options, err
		}
		options.Exclude = [][]int64{numbers}
	}
	for i := 0; i < c.number("where_count"); i++ {
		options.Where = append(options.Where, c.text("where_"+strconv.Itoa(i)))
	}
	options.BiasWeights = c.floats("bias_weights")
	options.PerGroup, options.Candidates = c.number("per_group"), c.number("candidates")
	if c.has("diversity") {
		options.Diversity = c.floats("diversity")[0]
	}
	if c.has("group_ids") {
		groups, err := NewGroups(c.ids("group_ids"), c["group_keys"])
		if err != nil {
			return options, err
		}
		options.GroupBy = groups
	}
	if c.has("allow") || c.has("deny") {
		filter, err := index.Filter(c.ids("allow"), c.ids("deny"))
		options.Filter = filter
		return options, err
	}
	return options, nil
}

func (c testCase) run() (*Results, error) {
	index, err := Open(filepath.Join(vectors, c.text("index")))
	if err != nil {
		return nil, err
	}
	defer index.Close()
	options, err := c.options(index)
	if err != nil {
		return nil, err
	}
	if options.Filter != nil {
		defer options.Filter.Close()
	}
	if options.GroupBy != nil {
		defer options.GroupBy.Close()
	}
	found, err := index.Search(context.Background(), c.floats("queries"), options)
	if err != nil || !c.has("names") {
		return found, err
	}
	names, err := index.Names(found.ids)
	if got := strings.Join(names, " "); err == nil && got != c.text("names") {
		err = errors.New("got names " + got)
	}
	return found, err
}

func TestVectorsAreAnsweredAsByPython(t *testing.T) {
	statuses := map[string]Status{"INVALID_ARGUMENT": InvalidArgument,
		"CORRUPT_FILE": CorruptFile, "FILE_ERROR": FileError}
	for _, own := range readCases(t) {
		own := own
		t.Run(own.text("case"), func(t *testing.T) {
			found, err := own.run()
			if own.has("status") {
				var failed *Error
				if !errors.As(err, &failed) {
					t.Fatalf("got %v, expected %s", err, own.text("message"))
				}
				got := []any{failed.Status, failed.Argument, failed.Message}
				expected := []any{statuses[own.text("status")], own.text("argument"),
					own.text("message")}
				if !reflect.DeepEqual(got, expected) {
					t.Fatalf("got %v, expected %v", got, expected)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			ids, scores := []int64{}, []float32{}
			for query := 0; query < found.Queries(); query++ {
				ids = append(ids, found.IDs(query)...)
				scores = append(scores, found.Scores(query)...)
			}
			if !reflect.DeepEqual(found.counts, own.ids("counts")) {
				t.Errorf("got counts %v, expected %v", found.counts, own.ids("counts"))
			}
			if !own.has("names") && !reflect.DeepEqual(ids, own.ids("ids")) {
				t.Errorf("got ids %v, expected %v", ids, own.ids("ids"))
			}
			if !reflect.DeepEqual(scores, own.floats("scores")) {
				t.Errorf("got scores %v, expected %v", scores, own.floats("scores"))
			}
		})
	}
}
