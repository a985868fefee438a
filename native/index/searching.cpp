#include <algorithm>
#include <limits>

#include "base/pool.hpp"
#include "index/searcher.hpp"

namespace vecq {
namespace {

// The score where there is no row.
constexpr float kNothing = -std::numeric_limits<float>::infinity();

// The query by its upper digit alone: fine enough to walk by.
EncodedQuery coarsened(EncodedQuery query) {
    if (query.digit_count == 1) return query;
    query.digit_count = 1;
    query.scale *= kDigitBase;
    return query;
}

}  // namespace
// Searchers are kept, for what they work in costs more to make than one search.
std::unique_ptr<Index::Searcher> Index::take_searcher(int query_bits) const {
    {
        const std::lock_guard lock(searchers_mutex_);
        for (auto& kept : searchers_) {
            if (kept->bits != query_bits) continue;
            std::unique_ptr<Searcher> taken = std::move(kept);
            kept = std::move(searchers_.back());
            searchers_.pop_back();
            return taken;
        }
    }
    return std::make_unique<Searcher>(*this, query_bits);
}

void Index::keep_searcher(std::unique_ptr<Searcher> searcher) const {
    const std::lock_guard lock(searchers_mutex_);
    searchers_.push_back(std::move(searcher));
}

WalkCounts Index::search(const float* queries, size_t count, const SearchOptions& options,
                         const Found& found) const {
    const auto lock = turnstile_.read();
    if (linked_ == 0) {
        require_numbers(queries, count * dim(), dim(), 0, "queries");
        std::fill_n(found.ids, count * options.k, -1);
        std::fill_n(found.scores, count * options.k, kNothing);
        std::fill_n(found.counts, count, 0);
        return {};
    }
    const size_t tasks = (count + kQueriesPerTask - 1) / kQueriesPerTask;
    const size_t workers = workers_for(options.threads, tasks);
    std::vector<std::unique_ptr<Searcher>> searchers(workers);
    for (auto& searcher : searchers) searcher = take_searcher(options.query_bits);
    parallel_for(workers, tasks, [&](size_t task, size_t worker) {
        const size_t first = task * kQueriesPerTask;
        search_some(*searchers[worker], queries, first, std::min(kQueriesPerTask, count - first),
                    options, found);
    });
    WalkCounts counts;
    for (auto& searcher : searchers) {
        for (WalkScratch& walk : searcher->walks) {
            counts.hops += std::exchange(walk.counts.hops, 0);
            counts.scores += std::exchange(walk.counts.scores, 0);
        }
        keep_searcher(std::move(searcher));
    }
    return counts;
}

void Index::search_some(Searcher& searcher, const float* queries, size_t first, size_t count,
                        const SearchOptions& options, const Found& found) const {
    const size_t width = std::min(linked_, std::max({options.ef, options.k, options.rerank}));
    EncodedQuery coarse[kQueriesPerTask];
    for (size_t i = 0; i < count; ++i) {
        searcher.queries[i] =
            searcher.coder.encode(queries + (first + i) * dim(), first + i,
                                  searcher.codes.as<std::byte>() + i * searcher.coder.bytes());
        coarse[i] = coarsened(searcher.queries[i]);
    }
    searcher.found.resize(count * width);
    kernels_.search({.graph = graph_.view(),
                     .scored = scored(),
                     .queries = {coarse, count},
                     .width = width,
                     .scratch = {searcher.walks, kTurns},
                     .found = searcher.found.data(),
                     .found_counts = searcher.found_counts});
    for (size_t i = 0; i < count; ++i) {
        const Key* keys = searcher.found.data() + i * width;
        searcher.keys.assign(keys, keys + searcher.found_counts[i]);
        const EncodedQuery& query = searcher.queries[i];
        if (query.digit_count > 1) searcher.rescore(kernels_, scored(), query);
        offer_aside(searcher, query, width);
        if (options.rerank > 0 && wide_)
            rerank(searcher, queries + (first + i) * dim(), first + i, options.rerank);
        write(searcher, options.k, first + i, found);
    }
}

// Rows that are all but zero score about zero, which may be more than what was found.
void Index::offer_aside(Searcher& searcher, const EncodedQuery& query, size_t width) const {
    std::vector<Key>& keys = searcher.keys;
    if (aside_.empty() || (keys.size() == width && score_of(keys.back()) >= 0)) return;
    const size_t count = std::min(aside_.size(), width);
    for (size_t i = 0; i < count; ++i) keys.push_back(key_of(0, aside_[i]));
    searcher.rescore(kernels_, scored(), query);
    keys.resize(std::min(keys.size(), width));
}

void Index::rerank(Searcher& searcher, const float* vector, size_t number, size_t count) const {
    searcher.keys.resize(std::min(searcher.keys.size(), count));
    const EncodedQuery query =
        searcher.wide_coder->encode(vector, number, searcher.wide_codes.as<std::byte>());
    searcher.rescore(active_engine()[wide_->codec().width()], {wide_->rows(), wide_affine_.data()},
                     query);
}

void Index::write(const Searcher& searcher, size_t k, size_t number, const Found& found) const {
    const size_t kept = std::min(k, searcher.keys.size());
    int64_t* ids = found.ids + number * k;
    float* scores = found.scores + number * k;
    for (size_t i = 0; i < kept; ++i) {
        ids[i] = ids_[node_of(searcher.keys[i])];
        scores[i] = score_of(searcher.keys[i]);
    }
    std::fill_n(ids + kept, k - kept, -1);
    std::fill_n(scores + kept, k - kept, kNothing);
    found.counts[number] = static_cast<int64_t>(kept);
}

}  // namespace vecq
