// What one thread searches with: encoded queries, their filters, and the scratch memory of walks
// and scans. Kept between searches, because making it costs more than a search.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "graph/walk.hpp"
#include "quant/query.hpp"
#include "rows/index_state.hpp"
#include "rows/scanner.hpp"
#include "rows/window_scanner.hpp"
#include "search/diversity.hpp"
#include "search/groups.hpp"
#include "search/query_filters.hpp"

namespace vecq {

// Walks that a thread interleaves. Best of 1 to 4.
inline constexpr size_t kInterleavedWalks = 2;

class Searcher {
public:
    // `rerank_codec` is null or the codec of rerank codes. Both outlive the searcher's use.
    Searcher(const Codec& codec, const Codec* rerank_codec, Metric metric, int query_bits);

    // Encodes vectors; errors number them from `number`.
    void encode(const float* vectors, size_t dim, size_t number, size_t count);
    // Encodes the vectors at the given places.
    void encode(const float* vectors, size_t dim, size_t number, std::span<const size_t> places);
    // Encodes a vector for rerank codes. The query lives until the next call.
    EncodedQuery encode_for_rerank(const float* vector, size_t number);
    // Scores the rows of `keys` again and keeps the best `wanted`, best first. `biases` is null, or
    // holds biases that `rows` lacks, those of rerank codes.
    void rescore(const Kernels& kernels, const ScoredRows& rows, const EncodedQuery& query,
                 size_t wanted, const BiasedAffine* biases = nullptr);

    const int query_bits;
    uint64_t codec_version = 0;                 // of the index, see RowTable
    std::vector<EncodedQuery> queries, coarse;  // the same queries; coarse ones by their high byte
    QueryFilters filters;
    WalkScratch walks[kInterleavedWalks];
    std::vector<uint32_t> entries;  // see search_view()
    Scanner scanner;
    WindowScanner window_scanner;
    std::vector<Key> found;            // of all queries of a walk
    std::vector<size_t> found_counts;  // per query
    std::vector<Key> keys;             // of the query that is being finished
    GroupPicker group_picker;
    DiversityPicker diversity_picker;

private:
    template <class PlaceOf>
    void encode_each(const float* vectors, size_t dim, size_t number, size_t count,
                     PlaceOf&& place_of);

    QueryCoder coder_;
    Memory codes_;
    std::optional<QueryCoder> rerank_coder_;
    Memory rerank_codes_;
    std::vector<uint32_t> rows_;
    std::vector<float> scores_;
    std::vector<Key> sorting_;
};

// Searchers of an index that no search uses.
class SearcherPool {
public:
    // While nothing changes. A searcher of codecs that were replaced is dropped.
    std::unique_ptr<Searcher> take(const IndexState& state, int query_bits);
    void keep(std::unique_ptr<Searcher> searcher);

private:
    std::mutex mutex_;
    std::vector<std::unique_ptr<Searcher>> searchers_;
};

}  // namespace vecq
