// What an index is asked for, and what it answers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "graph/walk.hpp"
#include "index/planner.hpp"
#include "quant/codec.hpp"

namespace vecq {

// What rows are compared by when they are linked; `moebius` is l2 between x / |x|^2. `layered` is `metric`
// for inner products, on layers: graphs that were made elsewhere are.
enum class Link : uint8_t { automatic, metric, cosine, moebius, layered };

struct IndexOptions {
    Metric metric = Metric::ip;
    Link link = Link::automatic;
    size_t m = 16;
    size_t ef_construction = 200;
    uint64_t seed = 0;
};

class Filter;

// For each query, ids that it is not to be answered with: those from offsets[query] on, up to
// offsets[query + 1]. Unknown ones mean nothing.
struct Exclusions {
    const int64_t* offsets = nullptr;  // null: none
    const int64_t* ids = nullptr;
};

struct SearchOptions {
    size_t k;
    size_t ef;
    size_t rerank;  // of the best found, so many are scored anew on the wider store
    int query_bits;
    size_t threads;
    Plan plan = Plan::automatic;
    const Filter* filter = nullptr;
    Exclusions exclude = {};
    size_t first_query = 0;  // errors number queries from it
};

struct SearchReport {
    WalkCounts walked = {};
    Plan plan = Plan::automatic;
    Costs costs = {};
    size_t passing = 0;  // rows
    size_t starved = 0;  // queries whose walk found too little, so that they were scanned for
};

struct Found {
    int64_t* ids;   // k for each query, -1 where there are fewer
    float* scores;  // the same, minus infinity
    int64_t* counts;
};

// What recall a walk reached that kept `ef` for k items.
struct CurvePoint {
    uint64_t k, ef;
    double recall;
};
bool is_point(const CurvePoint& point);

struct Curve {
    std::vector<CurvePoint> points;
    uint64_t rows = 0;  // of the index, when it was measured
};

struct IndexStats {
    size_t rows;
    std::vector<size_t> layer_rows, degrees;
    size_t unreachable, aside, vacant;
    size_t code_bytes, link_bytes, id_bytes, rerank_bytes;
};

// A graph as others see it: lists lead to rows.
struct GraphShape {
    size_t rows, layers, degree;
    std::vector<uint32_t> entries;
};

struct LinkLists {
    size_t first, count;   // nodes
    const uint32_t* rows;  // `width` for each
    size_t width;
};

}  // namespace vecq
