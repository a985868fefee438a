// Builds layer after layer, the highest first.
#include "build/bulk_build.hpp"

#include <algorithm>
#include <chrono>

namespace vecq {
namespace {

// A flat graph has no layers whose links lead far. The lists of its first rows are built several
// times, each time with that many times more rows, and keep some links of the time before.
constexpr size_t kGrowth = 4, kFirstRows = 64;

}  // namespace

std::vector<BulkBuild::Part> BulkBuild::parts_of(const IndexState& state, size_t rows) {
    const std::span<const Layer> layers = state.graph.layers();
    std::vector<Part> parts;
    for (size_t layer = 0; layer < layers.size(); ++layer)
        parts.push_back({layer, std::min(rows, layers[layer].count)});
    if (state.rows.link().is_flat())
        for (size_t some = rows / kGrowth; some >= kFirstRows; some /= kGrowth)
            parts.push_back({0, some});
    std::reverse(parts.begin(), parts.end());
    return parts;
}

BulkBuild::BulkBuild(IndexState& state, size_t rows)
    : state_(state), equal_(state, rows), parts_(parts_of(state, rows)) {
    for (const Part& part : parts_) nodes_ += part.rows;
}

double BulkBuild::done() const {
    double done = static_cast<double>(nodes_done_);
    if (layer_) done += layer_->done() * static_cast<double>(parts_[next_].rows);
    return nodes_ == 0 ? 1 : done / static_cast<double>(nodes_);
}

void BulkBuild::step(size_t threads) {
    constexpr std::chrono::milliseconds kMaxTime{50};
    const auto end = std::chrono::steady_clock::now() + kMaxTime;
    while (!is_done() && std::chrono::steady_clock::now() < end) {
        if (!equal_.is_done()) {
            equal_.step();
            continue;
        }
        const Part& part = parts_[next_];
        if (!layer_) layer_.emplace(state_, equal_, part.layer, part.rows);
        layer_->step(threads);
        if (!layer_->is_done()) continue;
        nodes_done_ += part.rows;
        ++next_;
        layer_.reset();
    }
}

}  // namespace vecq
