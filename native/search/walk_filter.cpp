// Chooses between routing through rejected rows, stepping over them and dropping them.
#include "search/walk_filter.hpp"

#include <algorithm>

namespace vecq {
namespace {

// Excluded rows are dropped after a walk if they are at most this share of its beam, and about as
// many for all queries of the call: all get places for the longest list.
constexpr double kMostDropped = 0.5, kMostOfMean = 2;
constexpr size_t kFewDropped = 16;

}  // namespace

// Rows that pass may lie together, so that around a query fewer pass than overall. If at least a
// quarter of all rows pass, a walk steps over rejected nodes where local selectivity is low. Below
// that, stepping over would find some rows that pass but no way to the best of them: the beam keeps
// routing candidates.
void set_routing(RowFilter& filter, const Request& request, size_t passing) {
    constexpr float kManyPass = 0.25F;
    constexpr size_t kCandidates = 3, kCandidatesIfFewPass = 10;
    const size_t all = request.state.rows.slots().count();
    const size_t width = request.beam_width, rejected = all - passing;
    const float share = static_cast<float>(passing) / static_cast<float>(all);
    filter.expected_share = share;
    if (request.plan == Plan::step_over) {
        filter.step_over_below = 2;
    } else {
        const bool many_pass = share >= kManyPass;
        filter.step_over_below = many_pass ? share / 2 : 0;
        // Rejected rows take places in proportion to their number; around a query there may be
        // more.
        filter.routing_candidates =
            std::min({rejected, (many_pass ? kCandidates : kCandidatesIfFewPass) * width,
                      width + 2 * width * rejected / passing});
    }
    filter.routing_candidates += filter.excluded_rows.size();
}

Dropping dropping_of(const Request& request) {
    const int64_t* offsets = request.call.options.exclude.offsets;
    const size_t count = request.call.count;
    if (offsets == nullptr || request.has_filter() || count == 0) return {};
    int64_t most = 0;
    for (size_t i = 0; i < count; ++i) most = std::max(most, offsets[i + 1] - offsets[i]);
    const auto places = static_cast<double>(most);
    const double mean = static_cast<double>(offsets[count] - offsets[0]) / count;
    if (places > kMostDropped * static_cast<double>(request.beam_width) ||
        places > kMostOfMean * mean + kFewDropped)
        return {};
    return {true, static_cast<size_t>(most)};
}

}  // namespace vecq
