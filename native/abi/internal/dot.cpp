// Dot products of plain arrays, for tests and benchmarks; see vecq_internal.h.
#include <algorithm>
#include <cstdint>
#include <numeric>

#include "abi/arguments.hpp"
#include "abi/fence.hpp"
#include "base/memory.hpp"
#include "engine/block_product.hpp"
#include "vecq_internal.h"

using namespace vecq;

namespace {

// Owns copies of queries, padded for the kernels.
class PaddedQueries {
public:
    PaddedQueries(Width width, size_t dim, size_t count)
        : width_(width),
          bytes_(dim * query_code_bytes(width)),
          stride_(padded_codes(width, dim) * query_code_bytes(width)),
          memory_(stride_ * count) {}

    Query copy(const void* plain, size_t place) {
        auto* codes = memory_.as<std::byte>() + place * stride_;
        std::memcpy(codes, plain, bytes_);
        int32_t sum = 0;
        if (width_ == Width::int8) {
            const auto* first = reinterpret_cast<const int8_t*>(codes);
            sum = std::accumulate(first, first + bytes_, int32_t{0});
        }
        return {codes, sum};
    }

private:
    Width width_;
    size_t bytes_, stride_;
    Memory memory_;
};

void pack_row(Width width, const std::byte* elements, size_t bytes, std::byte* row,
              size_t row_bytes) {
    if (width != Width::int8) {
        std::memcpy(row, elements, bytes);
        std::memset(row + bytes, 0, row_bytes - bytes);
        return;
    }
    for (size_t i = 0; i < bytes; ++i) row[i] = elements[i] ^ std::byte{kRowOffset};
    std::memset(row + bytes, kRowOffset, row_bytes - bytes);
}

// Writes the dots of the packed queries with all rows to out[query * rows.count + row].
void score_all(const BlockProduct& product, size_t query_count, const Rows& rows, int32_t* out) {
    for (size_t first = 0; first < rows.count; first += kRowsAtOnce) {
        const size_t now = std::min(kRowsAtOnce, rows.count - first);
        const auto* dots =
            static_cast<const int32_t*>(product.score({rows.at(first), rows.row_bytes, now}));
        for (size_t q = 0; q < query_count; ++q)
            for (size_t r = 0; r < now; ++r)
                out[q * rows.count + first + r] = dots[r * kBlockQueries + q];
    }
}

}  // namespace

vecq_status vecq_row_bytes(int32_t width, size_t dim, size_t* bytes, vecq_error* error) {
    return fenced(error, [&] {
        const Width checked = checked_enum(width, Width::int8, "width");
        check_dim(dim);
        *require(bytes, "bytes") = row_bytes(checked, dim);
    });
}

vecq_status vecq_pack_rows(int32_t width, size_t dim, const void* elements, size_t count,
                           void* rows, vecq_error* error) {
    return fenced(error, [&] {
        const Width w = checked_enum(width, Width::int8, "width");
        check_dim(dim);
        const size_t bytes = dim * row_code_bytes(w), padded = row_bytes(w, dim);
        const auto* from =
            static_cast<const std::byte*>(checked(elements, "elements", count, padded, "count"));
        checked_rows(w, dim, rows, count, "count");
        auto* to = static_cast<std::byte*>(rows);
        for (size_t i = 0; i < count; ++i)
            pack_row(w, from + i * bytes, bytes, to + i * padded, padded);
    });
}

vecq_status vecq_dot_rows(int32_t width, size_t dim, const void* query, const void* rows,
                          size_t row_count, const uint32_t* ids, size_t count, void* dots,
                          vecq_error* error) {
    return fenced(error, [&] {
        const Width w = checked_enum(width, Width::int8, "width");
        check_dim(dim);
        require(query, "query");
        const Rows all = checked_rows(w, dim, rows, row_count, "row_count");
        checked(ids, "ids", count, sizeof *ids, "count");
        checked(dots, "dots", count, sizeof(int32_t), "count");
        for (size_t i = 0; i < count; ++i)
            if (ids[i] >= row_count)
                refuse("ids", "ids[" + std::to_string(i) + "] is " + std::to_string(ids[i]) +
                                  ", expected less than row_count, " + std::to_string(row_count));
        PaddedQueries padded(w, dim, 1);
        active_engine()[w].dot_rows(padded.copy(query, 0), all, ids, count, dots);
    });
}

vecq_status vecq_dot_block(int32_t width, size_t dim, const void* queries, size_t query_count,
                           const void* rows, size_t row_count, void* dots, vecq_error* error) {
    return fenced(error, [&] {
        const Width w = checked_enum(width, Width::int8, "width");
        check_dim(dim);
        const size_t query_bytes = dim * query_code_bytes(w);
        const auto* from = static_cast<const std::byte*>(
            checked(queries, "queries", query_count, query_bytes, "query_count"));
        const Rows all = checked_rows(w, dim, rows, row_count, "row_count");
        check_size(query_count, std::max<size_t>(row_count, 1) * sizeof(int32_t), "query_count");
        if (query_count == 0 || row_count == 0) return;
        auto* out = static_cast<int32_t*>(require(dots, "dots"));
        PaddedQueries padded(w, dim, kBlockQueries);
        BlockProduct product(w, dim);
        Query block[kBlockQueries];
        for (size_t first = 0; first < query_count; first += kBlockQueries) {
            const size_t now = std::min(kBlockQueries, query_count - first);
            for (size_t q = 0; q < now; ++q)
                block[q] = padded.copy(from + (first + q) * query_bytes, q);
            product.pack(block, now);
            score_all(product, now, all, out + first * row_count);
        }
    });
}
