// Dot products of up to kBlockQueries queries with many rows, by a block kernel of the active
// engine.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/memory.hpp"
#include "engine/engine.hpp"

namespace vecq {

// Rows scored per call of a kernel, so that their dots stay in cache.
inline constexpr size_t kRowsAtOnce = 256;

// Owns the packed queries and one batch of dots. Not thread-safe.
class BlockProduct {
public:
    BlockProduct(Width width, size_t dim)
        : kernels_(active_engine()[width]),
          dim_(dim),
          packed_(kernels_.packed_bytes(dim)),
          dots_(kRowsAtOnce * kBlockQueries * sizeof(int32_t)) {}

    size_t dim() const { return dim_; }

    // Replaces the queries. Their codes are copied.
    void pack(const Query* queries, size_t count) {
        for (size_t q = 0; q < count; ++q) sums_[q] = queries[q].sum;
        kernels_.pack_block(queries, count, dim_, packed_.as<void>());
    }

    // Returns dots[row * kBlockQueries + query] of at most kRowsAtOnce rows: float for fp32 and
    // fp16, otherwise int32_t. Valid until the next call.
    const void* score(const Rows& rows) const {
        kernels_.dot_block({packed_.as<void>(), sums_, dim_}, rows, dots_.as<void>());
        return dots_.as<void>();
    }

private:
    const Kernels& kernels_;
    size_t dim_;
    Memory packed_, dots_;
    int32_t sums_[kBlockQueries] = {};
};

}  // namespace vecq
