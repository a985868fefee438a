// Concatenates the leaves of a partition.
#include "build/bulk_order.hpp"

#include <numeric>

namespace vecq {
namespace {

// Returns the numbers of staged rows, which the partition compares by their link affines.
std::vector<uint32_t> prepared_rows(IndexState& state, size_t rows) {
    std::vector<uint32_t> all(rows);
    std::iota(all.begin(), all.end(), 0);
    for (const uint32_t row : all) state.rows.derive_link_affine(row);
    return all;
}

}  // namespace

BulkOrder::BulkOrder(IndexState& state, size_t rows)
    : rows_(rows),
      partition_(state, bulk_order_recipe(), prepared_rows(state, rows), state.options.seed) {}

std::vector<uint32_t> BulkOrder::take_rows() {
    std::vector<uint32_t> order;
    order.reserve(rows_);
    for (const BulkPartition::Leaf& leaf : partition_.take_leaves())
        order.insert(order.end(), leaf.begin(), leaf.end());
    return order;
}

}  // namespace vecq
