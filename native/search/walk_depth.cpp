// Combines the depths that item biases and groups need.
#include "search/walk_depth.hpp"

#include <algorithm>

#include "rows/recall_curve.hpp"
#include "search/effort.hpp"

namespace vecq {
namespace {

// Beams up to this width cost little.
constexpr size_t kWideBeam = 512;

}  // namespace

WalkDepth::WalkDepth(const Request& request, Searcher& searcher)
    : request_(request), searcher_(searcher), depth_(request.depth) {
    if (request.adapts_to_biases()) biases_.emplace(request.state);
}

size_t WalkDepth::beam_width(size_t reach) {
    return std::max(reach, std::min(reach + reach / 2, kWideBeam));
}

size_t WalkDepth::first_beam_width(size_t reach) const {
    return std::max(reach, std::min(request_.depth, kWideBeam));
}

size_t WalkDepth::reach_for(size_t i, std::span<const Key> found, size_t reach, bool is_full) {
    size_t wanted = reach;
    const float weight = searcher_.queries[i].item_bias_weight;
    if (biases_ && is_full)
        wanted = biases_->reach_for(found.first(std::min(reach, found.size())), request_.depth,
                                    weight, reach);
    if (request_.call.options.groups != nullptr)
        wanted = std::max(wanted, reach_for_groups(found, reach));
    return std::min(wanted, std::max(reach, request_.passing_count));
}

// A walk reaches as many rows as results are chosen among, and more where these are more than its
// first beam holds: native/README.md has the recall. An ef above the default goes deeper in
// proportion.
size_t WalkDepth::reach_for_groups(std::span<const Key> found, size_t reach) {
    constexpr size_t kLeastPart = 8;     // of the reach, by which it grows at least
    constexpr double kMoreBeyond = 0.5;  // per row beyond the first beam
    const SearchOptions& options = request_.call.options;
    depth_ = searcher_.group_picker.depth_for(found, options.ranked(), *options.groups,
                                              options.per_group, request_.state.rows.ids());
    const bool has_planes = request_.state.rows.codes().has_planes();
    const size_t least = has_planes ? plane_beam(depth_) : depth_;
    const double effort = static_cast<double>(options.ef) /
                          static_cast<double>(default_ef(options.ranked(), has_planes));
    const size_t beyond = least - std::min(least, request_.beam_width);
    const double rows = static_cast<double>(least) + kMoreBeyond * static_cast<double>(beyond);
    const auto wanted = static_cast<size_t>(std::max(1.0, effort) * rows);
    if (depth_ <= found.size()) return wanted;
    return std::max(wanted, reach + reach / kLeastPart + 1);
}

}  // namespace vecq
