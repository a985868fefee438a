// Chooses the sample and packs it for each worker.
#include "build/bulk_far.hpp"

namespace vecq {

BulkFar::BulkFar(const IndexState& state, std::span<const uint32_t> rows, size_t sample,
                 size_t nearest)
    : state_(state), nearest_(nearest) {
    const size_t count = std::min(sample, rows.size());
    for (size_t i = 0; i < count; ++i) sample_.push_back(rows[i * rows.size() / count]);
}

void BulkFar::prepare_workers(size_t count) {
    while (columns_.size() < count) {
        columns_.push_back(std::make_unique<BulkColumns>(state_));
        columns_.back()->load(sample_);
    }
}

}  // namespace vecq
