#include "rows/query_blocks.hpp"

#include <algorithm>
#include <cstring>

namespace vecq {
namespace {

BlockTerms terms_of(std::span<const EncodedQuery> queries) {
    if (std::ranges::any_of(queries, weighs_biases)) return BlockTerms::item_biases;
    const auto all_have = [&](float bias) {
        return std::all_of(queries.begin(), queries.end(),
                           [&](const EncodedQuery& query) { return query.bias == bias; });
    };
    if (all_have(0)) return BlockTerms::dots;
    return all_have(1) ? BlockTerms::unit_biases : BlockTerms::any;
}

}  // namespace

EncodedQuery ranking_query(EncodedQuery query) {
    query.offset = 0;
    if (query.bias == 0 && query.item_bias_weight == 0) query.scale = 1;
    return query;
}

RowChunk RowChunks::load(const ScoredRows& scored, const RowList& list, bool weighs_biases) {
    const size_t count = list.count, bytes = scored.rows.row_bytes;
    const bool has_own = scored.scan_affine != nullptr && scored.biased == nullptr;
    const Affine* const scan_affine = has_own ? scored.scan_affine : scored.affine;
    for (size_t i = 0; i < count; ++i) numbers_[i] = list[i];
    const float* item_biases = nullptr;
    if (weighs_biases && scored.biased != nullptr) {
        for (size_t i = 0; i < count; ++i) item_biases_[i] = scored.biased[numbers_[i]].bias;
        item_biases = item_biases_;
    }
    if (list.is_contiguous())
        return {{scored.rows.at(list.first), bytes, count},
                scan_affine + list.first,
                item_biases,
                numbers_};
    if (gathered_.bytes() < kSiftedRows * bytes) gathered_ = Memory(kSiftedRows * bytes);
    auto* to = gathered_.as<std::byte>();
    for (size_t i = 0; i < count; ++i) {
        std::memcpy(to + i * bytes, scored.rows.at(numbers_[i]), bytes);
        affine_[i] = scan_affine[numbers_[i]];
    }
    return {{to, bytes, count}, affine_, item_biases, numbers_};
}

void QueryBlocks::begin(size_t count, size_t dim) {
    dim_ = dim;
    const size_t blocks = blocks_for(count), queries = blocks * kBlockQueries;
    block_bytes_ = kernels_.packed_bytes(dim);
    if (packed_.bytes() < blocks * block_bytes_) packed_ = Memory(blocks * block_bytes_);
    if (dots_.bytes() == 0) dots_ = Memory(kSiftedRows * kBlockQueries * sizeof(int32_t));
    sums_.assign(queries, 0);
    for (std::vector<float>* terms : {&scales_, &biases_, &weights_}) terms->assign(queries, 0);
    terms_.resize(blocks);
    counts_.assign(blocks, 0);
}

void QueryBlocks::pack(size_t block, std::span<const EncodedQuery> queries) {
    Query parts[kBlockQueries];
    const size_t first = block * kBlockQueries;
    for (size_t q = 0; q < queries.size(); ++q) {
        const EncodedQuery& query = queries[q];
        parts[q] = query.parts[0];
        sums_[first + q] = query.parts[0].sum;
        scales_[first + q] = query.scale;
        biases_[first + q] = query.bias;
        weights_[first + q] = query.item_bias_weight;
    }
    terms_[block] = terms_of(queries);
    counts_[block] = queries.size();
    kernels_.pack_block(parts, queries.size(), dim_,
                        packed_.as<std::byte>() + block * block_bytes_);
}

BlockDots QueryBlocks::dots_of(const RowChunk& chunk, size_t block, const uint32_t* hidden) {
    const size_t q = block * kBlockQueries;
    const std::byte* codes = packed_.as<std::byte>() + block * block_bytes_;
    kernels_.dot_block({codes, &sums_[q], dim_, counts_[block]}, chunk.rows, dots_.as<void>());
    const bool is_biased = terms_[block] == BlockTerms::item_biases;
    return {dots_.as<void>(),
            chunk.rows.count,
            chunk.affine,
            &scales_[q],
            &biases_[q],
            terms_[block],
            hidden,
            is_biased ? chunk.item_biases : nullptr,
            is_biased ? &weights_[q] : nullptr};
}

}  // namespace vecq
