// Entry for exact search without an index.
#include "index/exact.hpp"

#include "abi/codec.hpp"
#include "abi/fence.hpp"
#include "abi/handles.hpp"

using namespace vecq;

vecq_status vecq_exact(const vecq_codec* codec, const vecq_exact_options* options,
                       const float* queries, size_t count, const float* rows, size_t row_count,
                       int64_t* ids, float* scores, int64_t* counts, vecq_error* error) {
    return fenced(error, [&] {
        const Codec& own = require(codec, "codec")->codec;
        const vecq_exact_options given = read_struct(options, "options");
        if (own.needs_fit() && !own.fitted()) refuse("codec", "codec has not been fitted");
        const size_t vector_bytes = own.dim() * sizeof *rows;
        checked(queries, "queries", count, vector_bytes, "count");
        checked(rows, "rows", row_count, vector_bytes, "row_count");
        checked_range(given.first_row, 0, kMaxRows - std::min(kMaxRows, row_count), "first_row");
        const ExactOptions checked_exact{
            checked_enum(given.metric, Metric::l2, "metric"),
            checked_query_bits(given.query_bits == 0 ? kDefaultQueryBits : given.query_bits),
            checked_range(given.k, 1, kMaxRows, "k"),
            given.threads,
            checked_exclusions(given.exclude_offsets, given.exclude_ids, count),
            given.first_query,
            given.first_row};
        check_size(count, given.k * sizeof *ids, "count");
        if (count == 0 || row_count == 0) return;
        exact_block(own, checked_exact, queries, count, rows, row_count,
                    {require(ids, "ids"), require(scores, "scores"), require(counts, "counts")});
    });
}
