// Builds layer after layer, the highest first.
#include "build/bulk_build.hpp"

#include <algorithm>
#include <chrono>

namespace vecq {

BulkBuild::BulkBuild(IndexState& state, size_t rows)
    : state_(state), rows_(rows), next_layer_(state.graph.layers().size()) {
    for (size_t layer = 0; layer < next_layer_; ++layer) nodes_ += rows_of(layer);
}

size_t BulkBuild::rows_of(size_t layer) const {
    return std::min(rows_, state_.graph.layers()[layer].count);
}

double BulkBuild::done() const {
    double done = static_cast<double>(nodes_done_);
    if (layer_) done += layer_->done() * static_cast<double>(rows_of(next_layer_));
    return nodes_ == 0 ? 1 : done / static_cast<double>(nodes_);
}

void BulkBuild::step(size_t threads) {
    constexpr std::chrono::milliseconds kMaxTime{50};
    const auto end = std::chrono::steady_clock::now() + kMaxTime;
    while (!is_done() && std::chrono::steady_clock::now() < end) {
        if (!layer_) {
            --next_layer_;
            layer_.emplace(state_, next_layer_, rows_of(next_layer_));
        }
        layer_->step(threads);
        if (!layer_->is_done()) continue;
        nodes_done_ += rows_of(next_layer_);
        layer_.reset();
    }
}

}  // namespace vecq
