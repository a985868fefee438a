// What one thread searches an index with.
#pragma once

#include <algorithm>

#include "index/gates.hpp"
#include "index/index.hpp"
#include "index/scanner.hpp"

namespace vecq {

// Walks that take turns on a thread. Best of 1 to 4.
inline constexpr size_t kTurns = 3;

struct Index::Searcher {
    explicit Searcher(const Index& index, int query_bits)
        : coder(index.store_.codec(), index.options_.metric, query_bits),
          bits(query_bits),
          scanner(index.kernels_) {
        if (index.wide_) {
            wide_coder.emplace(index.wide_->codec(), index.options_.metric, 15);
            wide_codes = Memory(wide_coder->bytes());
        }
    }

    // Errors number the vectors from `number` on.
    void encode(const float* vectors, size_t dim, size_t number, size_t count) {
        if (codes.bytes() < count * coder.bytes()) codes = Memory(count * coder.bytes());
        queries.resize(count);
        coarse.resize(count);
        for (size_t i = 0; i < count; ++i) {
            queries[i] = coder.encode(vectors + i * dim, number + i,
                                      codes.as<std::byte>() + i * coder.bytes());
            coarse[i] = coarsened(queries[i]);
        }
    }

    // Scores the rows of the keys anew and brings the best `wanted` of them into order, without the rest.
    void rescore(const Kernels& kernels, const ScoredRows& rows, const EncodedQuery& query,
                 size_t wanted) {
        rows_.resize(keys.size());
        scores_.resize(keys.size());
        for (size_t i = 0; i < keys.size(); ++i) rows_[i] = node_of(keys[i]);
        kernels.score(query, rows, rows_, scores_.data());
        for (size_t i = 0; i < keys.size(); ++i) keys[i] = key_of(scores_[i], rows_[i]);
        keep_least(std::span(keys), wanted);
        keys.resize(std::min(keys.size(), wanted));
        sort_keys(keys, room_);
    }

    QueryCoder coder;
    int bits;
    Memory codes;
    std::vector<EncodedQuery> queries, coarse;  // the same ones
    std::optional<QueryCoder> wide_coder;
    Memory wide_codes;
    Gates gates;
    WalkScratch walks[kTurns];
    Scanner scanner;
    std::vector<Key> found;
    std::vector<size_t> found_counts;
    std::vector<Key> keys;  // of the query that is being finished

private:
    std::vector<uint32_t> rows_;
    std::vector<float> scores_;
    std::vector<Key> room_;
};

}  // namespace vecq
