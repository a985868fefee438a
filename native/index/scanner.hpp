// Scores a group of queries, of one digit each, with many rows and keeps the best rows of each. The
// scores are comparable only between rows of one query: what is kept is to be scored anew.
#pragma once

#include <span>
#include <vector>

#include "base/gate.hpp"
#include "base/memory.hpp"
#include "engine/engine.hpp"
#include "scan/best.hpp"

namespace vecq {

// Rows to be scanned: of those that are listed, or of all, from `first` on, with steps of a power of two.
struct RowList {
    std::span<const uint32_t> rows = {};
    size_t first = 0, count = 0;
    int step_bits = 0;

    bool listed() const { return !rows.empty(); }
    bool together() const { return !listed() && step_bits == 0; }
    uint32_t operator[](size_t i) const {
        const size_t at = first + (i << step_bits);
        return listed() ? rows[at] : static_cast<uint32_t>(at);
    }
    RowList part(size_t from, size_t to) const {
        return {rows, first + (from << step_bits), to - from, step_bits};
    }
    // Every so many of them.
    RowList sample(int bits) const { return {rows, first, count >> bits, step_bits + bits}; }
    // Where a row is among these, which are not listed; `count` or more where it is not.
    size_t place_of(uint32_t row) const {
        const size_t at = row - first, place = at >> step_bits;
        return row < first || place << step_bits != at ? count : place;
    }
};

class Scanner {
public:
    explicit Scanner(const Kernels& kernels) : kernels_(kernels) {}

    // Whether gates must have sets of what they exclude.
    static bool wants_sets(size_t queries, const RowList& list) {
        return queries <= kFew || list.listed();
    }

    // `gates` is null, or has one for each query.
    void begin(std::span<const EncodedQuery> queries, size_t codes_in_row, size_t width,
               const Gate* gates);
    // Where there are many rows, a sample of them tells what is not worth keeping.
    void scan(const ScoredRows& scored, const RowList& list);
    // In no order.
    std::span<const Key> finish(size_t query) { return best_[query].finish(); }

private:
    // Few queries are scored one by one.
    bool by_rows() const { return queries_.size() <= kFew; }
    void pack(std::span<const EncodedQuery> queries, size_t codes_in_row);
    std::vector<float> bounds_of_sample(const ScoredRows& scored, const RowList& list);
    bool is_settled(size_t query, float bound) const;
    void scan_all(const ScoredRows& scored, const RowList& list);
    void scan_one(const ScoredRows& scored, const RowList& list, size_t query, const Gate* gate);
    void scan_again(const ScoredRows& scored, const RowList& list, size_t query);
    void scan_blocks(const ScoredRows& scored, const RowList& list);
    void hide(const RowList& list);
    const uint32_t* hidden_in(size_t chunk, size_t block);
    struct Chunk {
        Rows rows;
        const Affine* affine;
    };
    Chunk chunk_of(const ScoredRows& scored, const RowList& list);

    static constexpr size_t kFew = 6;
    static constexpr size_t kChunkRows = kSiftedRows;

    const Kernels& kernels_;
    std::span<const EncodedQuery> queries_;
    const Gate* gates_ = nullptr;
    size_t width_ = 0;
    std::vector<Best> best_;
    size_t block_bytes_ = 0;
    Memory packed_, dots_, gathered_;
    std::vector<int32_t> sums_;
    std::vector<float> biases_;
    // Excluded rows of each block's queries, by chunk: for chunk c of block b those from
    // hidden_starts_[b * chunks + c] on, each a row of the chunk and a query of the block.
    struct Hidden {
        uint8_t row, query;
    };
    std::vector<Hidden> hidden_;
    std::vector<uint32_t> hidden_starts_;
    size_t chunks_ = 0;
    uint32_t hidden_rows_[kChunkRows] = {};
    uint32_t numbers_[kChunkRows] = {};
    Affine affine_[kChunkRows] = {};
};

}  // namespace vecq
