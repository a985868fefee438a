// Entry for exact search without an index.
#include "search/brute_force.hpp"

#include "abi/codec.hpp"
#include "abi/fence.hpp"
#include "abi/handles.hpp"

#include <cmath>
#include <string>

using namespace vecq;

namespace {

// Validates the results of earlier blocks: the caller's arrays may hold anything.
void check_results(const Found& found, size_t count, size_t k) {
    for (size_t q = 0; q < count; ++q) {
        const auto kept = static_cast<uint64_t>(found.counts[q]);
        if (kept > k)
            refuse("counts", "counts is " + std::to_string(found.counts[q]) + " at query " +
                                 std::to_string(q) + ", expected 0 to " + std::to_string(k));
        for (size_t i = q * k; i < q * k + kept; ++i) {
            if (static_cast<uint64_t>(found.ids[i]) >= kMaxRows)
                refuse("ids", "ids is " + std::to_string(found.ids[i]) + " at query " +
                                  std::to_string(q) + ", expected a row number from 0 to " +
                                  std::to_string(kMaxRows - 1));
            if (std::isnan(found.scores[i]))
                refuse("scores", "scores is not a number at query " + std::to_string(q));
        }
    }
}

}  // namespace

vecq_status vecq_exact(const vecq_codec* codec, const vecq_exact_options* options,
                       const float* queries, size_t count, const float* rows, size_t row_count,
                       int64_t* ids, float* scores, int64_t* counts, vecq_error* error) {
    return fenced(error, [&] {
        const Codec& own = require(codec, "codec")->codec;
        const vecq_exact_options given = read_struct(options, "options");
        if (own.needs_fit() && !own.is_fitted())
            refuse("codec", "codec is not fitted, call fit with a sample first");
        const size_t vector_bytes = own.dim() * sizeof *rows;
        checked(queries, "queries", count, vector_bytes, "count");
        checked(rows, "rows", row_count, vector_bytes, "row_count");
        checked_range(row_count, 0, kMaxRows, "row_count");
        checked_range(given.first_row, 0, kMaxRows - row_count, "first_row");
        const BruteForceOptions checked_exact{
            checked_enum(given.metric, Metric::l2, "metric"),
            checked_query_bits(given.query_bits == 0 ? kDefaultQueryBits : given.query_bits),
            checked_range(given.k, 1, kMaxRows, "k"),
            given.threads,
            checked_exclusions(given.exclude_offsets, given.exclude_ids, count),
            given.first_query,
            given.first_row};
        check_size(count, given.k * sizeof *ids, "count");
        if (count == 0 || row_count == 0) return;
        const Found found{require(ids, "ids"), require(scores, "scores"),
                          require(counts, "counts")};
        check_results(found, count, given.k);
        search_block(own, checked_exact, queries, count, rows, row_count, found);
    });
}
