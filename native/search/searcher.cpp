#include "search/searcher.hpp"

#include <algorithm>
#include <utility>

#include "base/order.hpp"

namespace vecq {
namespace {

// Rerank codes are scored with both bytes of a query.
constexpr int kRerankQueryBits = 15;

}  // namespace

Searcher::Searcher(const Codec& codec, const Codec* rerank_codec, Metric metric, int query_bits)
    : query_bits(query_bits),
      scanner(active_engine()[codec.width()]),
      window_scanner(active_engine()[codec.width()]),
      coder_(codec, metric, query_bits) {
    if (rerank_codec == nullptr) return;
    rerank_coder_.emplace(*rerank_codec, metric, kRerankQueryBits);
    rerank_codes_ = Memory(rerank_coder_->bytes());
}

template <class PlaceOf>
void Searcher::encode_each(const float* vectors, size_t dim, size_t number, size_t count,
                           PlaceOf&& place_of) {
    if (codes_.bytes() < count * coder_.bytes()) codes_ = Memory(count * coder_.bytes());
    queries.resize(count);
    coarse.resize(count);
    for (size_t i = 0; i < count; ++i) {
        const size_t place = place_of(i);
        queries[i] = coder_.encode(vectors + place * dim, number + place,
                                   codes_.as<std::byte>() + i * coder_.bytes());
        coarse[i] = high_part_query(queries[i]);
    }
}

void Searcher::encode(const float* vectors, size_t dim, size_t number, size_t count) {
    encode_each(vectors, dim, number, count, [](size_t i) { return i; });
}

void Searcher::encode(const float* vectors, size_t dim, size_t number,
                      std::span<const size_t> places) {
    encode_each(vectors, dim, number, places.size(), [&](size_t i) { return places[i]; });
}

EncodedQuery Searcher::encode_for_rerank(const float* vector, size_t number) {
    return rerank_coder_->encode(vector, number, rerank_codes_.as<std::byte>());
}

void Searcher::rescore(const Kernels& kernels, const ScoredRows& rows, const EncodedQuery& query,
                       size_t wanted, const BiasedAffine* biases) {
    rows_.resize(keys.size());
    scores_.resize(keys.size());
    for (size_t i = 0; i < keys.size(); ++i) rows_[i] = node_of(keys[i]);
    kernels.score(query, rows, rows_, scores_.data());
    if (biases != nullptr && query.item_bias_weight != 0)
        for (size_t i = 0; i < keys.size(); ++i)
            scores_[i] += query.item_bias_weight * biases[rows_[i]].bias;
    for (size_t i = 0; i < keys.size(); ++i) keys[i] = key_of(scores_[i], rows_[i]);
    keep_least(std::span(keys), wanted);
    keys.resize(std::min(keys.size(), wanted));
    sort_keys(keys, sorting_);
}

std::unique_ptr<Searcher> SearcherPool::take(const IndexState& state, int query_bits) {
    const uint64_t version = state.rows.codec_version();
    {
        const std::lock_guard lock(mutex_);
        std::erase_if(searchers_, [&](const auto& kept) { return kept->codec_version != version; });
        for (auto& kept : searchers_) {
            if (kept->query_bits != query_bits) continue;
            std::unique_ptr<Searcher> taken = std::move(kept);
            kept = std::move(searchers_.back());
            searchers_.pop_back();
            return taken;
        }
    }
    const CodeStore* rerank = state.rows.rerank();
    auto made = std::make_unique<Searcher>(state.rows.codes().codec(),
                                           rerank == nullptr ? nullptr : &rerank->codec(),
                                           state.options.metric, query_bits);
    made->codec_version = version;
    return made;
}

void SearcherPool::keep(std::unique_ptr<Searcher> searcher) {
    const std::lock_guard lock(mutex_);
    searchers_.push_back(std::move(searcher));
}

}  // namespace vecq
