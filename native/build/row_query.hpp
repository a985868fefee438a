// Makes queries from rows by their codes, without decoding and quantizing them again.
#pragma once

#include "base/memory.hpp"
#include "rows/index_state.hpp"

namespace vecq {

class RowQuery {
public:
    explicit RowQuery(const IndexState& state)
        : state_(state),
          codes_(state.kernels.row_query_bytes(state.rows.codes().codec().row_bytes())) {}

    // Returns a query for inner products with the decoded row. Valid until the next call.
    EncodedQuery by_inner_product(uint32_t row) {
        EncodedQuery query = with_codes(row);
        query.scale = state_.rows.codes()[row].scale;
        return query;
    }

    // Returns a query for the link metric. Valid until the next call.
    EncodedQuery by_link_metric(uint32_t row) {
        const LinkMeasure measure = state_.rows.link().measure();
        const Affine own = state_.rows.scored_for_links().affine[row];
        EncodedQuery query = with_codes(row);
        query.scale = measure.factor * own.a;
        query.bias = measure.bias;
        query.offset = measure.bias * own.c;
        return query;
    }

private:
    EncodedQuery with_codes(uint32_t row) {
        const CodeStore& codes = state_.rows.codes();
        EncodedQuery query{};
        query.parts[0] = state_.kernels.row_query(codes.codes_of(row), codes.codec().row_bytes(),
                                                  state_.dim, codes_.as<void>());
        query.part_count = 1;
        return query;
    }

    const IndexState& state_;
    Memory codes_;
};

}  // namespace vecq
