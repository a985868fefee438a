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

// Rows to be scanned: those that are listed, or all in a range.
struct RowList {
    std::span<const uint32_t> rows = {};
    size_t first = 0, last = 0;

    size_t size() const { return rows.empty() ? last - first : rows.size(); }
    uint32_t operator[](size_t i) const {
        return rows.empty() ? static_cast<uint32_t>(first + i) : rows[i];
    }
    RowList part(size_t from, size_t to) const {
        if (rows.empty()) return {{}, first + from, first + to};
        return {rows.subspan(from, to - from), 0, 0};
    }
};

class Scanner {
public:
    explicit Scanner(const Kernels& kernels) : kernels_(kernels) {}

    // `gates` is null, or has one for each query.
    void begin(std::span<const EncodedQuery> queries, size_t codes_in_row, size_t width,
               const Gate* gates);
    // Where there are many rows, a sample of them tells what is not worth keeping.
    void scan(const ScoredRows& scored, const RowList& list);
    // The best first.
    std::span<const Key> finish(size_t query) { return best_[query].finish(); }

private:
    // Few queries are scored one by one.
    bool by_rows() const { return queries_.size() <= kFew; }
    void pack(std::span<const EncodedQuery> queries, size_t codes_in_row);
    std::vector<float> bounds_of_sample(const ScoredRows& scored, const RowList& list);
    void scan_all(const ScoredRows& scored, const RowList& list);
    void scan_one(const ScoredRows& scored, const RowList& list, size_t query);
    void scan_blocks(const ScoredRows& scored, const RowList& list);
    struct Chunk {
        Rows rows;
        const Affine* affine;
    };
    Chunk chunk_of(const ScoredRows& scored, const RowList& list);

    static constexpr size_t kFew = 6;
    // Rows scored per call of a kernel, so that their dots stay in the first cache.
    static constexpr size_t kChunkRows = 64;

    const Kernels& kernels_;
    std::span<const EncodedQuery> queries_;
    const Gate* gates_ = nullptr;
    size_t width_ = 0;
    std::vector<Best> best_;
    size_t block_bytes_ = 0;
    Memory packed_, dots_, gathered_;
    std::vector<int32_t> sums_;
    std::vector<float> biases_;
    uint32_t numbers_[kChunkRows] = {};
    Affine affine_[kChunkRows] = {};
};

}  // namespace vecq
