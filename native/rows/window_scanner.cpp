#include "rows/window_scanner.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "rows/scan_sample.hpp"

namespace vecq {
namespace {

constexpr size_t kPrefetchedBytes = 512;  // of a row
constexpr size_t kSampledPart = size_t{1} << kSampleBits;

// Returns the number of places of a list before `place` that a sample of it reads.
size_t sampled_before(size_t place) { return (place + kSampledPart - 1) >> kSampleBits; }

// Prefetches the rows of the list at [first, last). Always inline, see Prefetch.
[[gnu::always_inline]] inline void prefetch(const ScoredRows& scored, const RowList& list,
                                            size_t first, size_t last) {
    const size_t bytes = std::min(scored.rows.row_bytes, kPrefetchedBytes);
    for (size_t i = first; i < last; ++i) {
        __builtin_prefetch(scored.affine + list[i], 0, 2);
        for (size_t at = 0; at < bytes; at += kLine)
            __builtin_prefetch(scored.rows.at(list[i]) + at, 0, 2);
    }
}

}  // namespace

void WindowScanner::begin(std::span<const EncodedQuery> queries, size_t dim, size_t width) {
    queries_.resize(queries.size());
    std::transform(queries.begin(), queries.end(), queries_.begin(), ranking_query);
    width_ = width;
    weighs_biases_ = std::ranges::any_of(queries_, weighs_biases);
    blocks_.begin(queries.size(), dim);
    if (best_.size() < queries.size()) best_.resize(queries.size());
}

bool WindowScanner::scan(const ScoredRows& scored, std::span<const Part> parts,
                         const uint64_t* allowed, const Slice* slice) {
    if (queries_.size() <= kFew) {
        for (size_t q = 0; q < queries_.size(); ++q) scan_alone(q, scored, parts, allowed);
        return true;
    }
    const std::vector<float> bounds = sampled_bounds(scored, parts, allowed);
    for (size_t q = 0; q < queries_.size(); ++q) best_[q].begin(width_, bounds[q]);
    if (!sweep_all(scored, parts, allowed, slice)) return false;
    // A bound may be too high.
    for (size_t q = 0; q < queries_.size(); ++q)
        if (bounds[q] != kLowestScore && best_[q].size() < width_)
            scan_alone(q, scored, parts, allowed);
    return true;
}

// Afterwards every kept row has passed its test.
bool WindowScanner::sweep_all(const ScoredRows& scored, std::span<const Part> parts,
                              const uint64_t* allowed, const Slice* slice) {
    for (const Part& part : parts) {
        for (size_t q = 0; q < queries_.size(); ++q) set_test(q, part);
        if (!sweep(scored, part.list, part.windows, allowed, slice)) return false;
    }
    for (size_t q = 0; q < queries_.size(); ++q) best_[q].set_test(nullptr);
    return true;
}

void WindowScanner::scan_alone(size_t query, const ScoredRows& scored, std::span<const Part> parts,
                               const uint64_t* allowed) {
    best_[query].begin(width_);
    for (const Part& part : parts) {
        set_test(query, part);
        scan_singly(query, scored, part.list, part.windows, allowed);
    }
    best_[query].set_test(nullptr);
}

void WindowScanner::extend(const ScoredRows& scored, const RowList& list) {
    std::vector<Window> windows;
    for (size_t q = 0; q < queries_.size(); ++q) windows.push_back({0, list.count, q});
    if (queries_.size() <= kFew)
        for (size_t q = 0; q < queries_.size(); ++q) scan_singly(q, scored, list, windows, nullptr);
    else
        sweep(scored, list, windows, nullptr, nullptr);
}

// Returns the first bound of each query: a rank in a sample of its windows.
std::vector<float> WindowScanner::sampled_bounds(const ScoredRows& scored,
                                                 std::span<const Part> parts,
                                                 const uint64_t* allowed) {
    std::vector<Part> sampled;
    for (const Part& part : parts) {
        Part& own = sampled.emplace_back(Part{part.list.sample(kSampleBits), {}, part.tests});
        for (const Window& window : part.windows) {
            const size_t begin = sampled_before(window.begin), end = sampled_before(window.end);
            if (begin < end) own.windows.push_back({begin, end, window.query});
        }
    }
    const size_t rank = rank_in_sample(width_, kSampledPart, 1);
    for (size_t q = 0; q < queries_.size(); ++q) best_[q].begin(rank);
    sweep_all(scored, sampled, allowed, nullptr);
    std::vector<float> bounds(queries_.size(), kLowestScore);
    for (size_t q = 0; q < queries_.size(); ++q)
        if (best_[q].finish().size() == rank) bounds[q] = best_[q].least();
    return bounds;
}

void WindowScanner::scan_singly(size_t query, const ScoredRows& scored, const RowList& list,
                                std::span<const Window> windows, const uint64_t* allowed) {
    const RowFilter filter{.allowed = allowed};
    for (const Window& window : windows) {
        if (window.query != query) continue;
        rows_.clear();
        for (size_t place = window.begin; place < window.end; ++place) rows_.push_back(list[place]);
        kernels_.scan_rows({scored, queries_[query], rows_, &filter, &best_[query]});
    }
}

bool WindowScanner::sweep(const ScoredRows& scored, const RowList& list,
                          std::span<const Window> windows, const uint64_t* allowed,
                          const Slice* slice) {
    lanes_.clear();
    lane_of_.assign(queries_.size(), kNoLane);
    size_t next = 0;
    for (size_t row = 0; next < windows.size() || has_open_lanes();) {
        if (slice != nullptr && slice->is_over()) return false;
        if (!has_open_lanes()) row = windows[next].begin;
        // Opens the windows that begin before a place, and returns where the chunk ends instead if
        // another window of an open lane begins there.
        const auto open_before = [&](size_t place) {
            for (; next < windows.size() && windows[next].begin < place; ++next) {
                if (windows[next].begin >= windows[next].end) continue;
                if (must_end_before(windows[next])) return windows[next].begin;
                open_lane(windows[next]);
            }
            return place;
        };
        open_before(row + 1);
        if (!has_open_lanes()) continue;
        const size_t following = next < windows.size() ? windows[next].begin : list.count;
        const size_t end = open_before(chunk_end(row, following));
        prefetch(scored, list, end, std::min(list.count, row + 2 * kChunkRows));
        scan_lanes(scored, list.part(row, end), row, allowed);
        row = end;
        close_lanes(row);
    }
    return true;
}

// Scores a chunk of the list, whose first row has place `first`, for the queries in lanes.
void WindowScanner::scan_lanes(const ScoredRows& scored, const RowList& part, size_t first,
                               const uint64_t* allowed) {
    std::optional<RowChunk> chunk;
    for (size_t block = 0; block * kBlockQueries < lanes_.size(); ++block) {
        const auto open = std::ranges::count_if(lanes_of(block), &Lane::is_open);
        if (open == 0) continue;
        if (static_cast<size_t>(open) <= kFewLanes) {
            scan_few_lanes(scored, part, block, first, allowed);
            continue;
        }
        if (!chunk) chunk = chunks_.load(scored, part, weighs_biases_);
        scan_block(*chunk, block, first, allowed);
    }
}

void WindowScanner::scan_block(const RowChunk& chunk, size_t block, size_t first,
                               const uint64_t* allowed) {
    const std::span<const Lane> lanes = lanes_of(block);
    if (std::exchange(stale_blocks_[block], char{0}) != 0) {
        EncodedQuery queries[kBlockQueries];
        size_t count = 0;  // up to the last open lane
        for (size_t i = 0; i < kBlockQueries; ++i) {
            queries[i] = queries_[lanes[i].window.query];
            if (lanes[i].is_open) count = i + 1;
        }
        blocks_.pack(block, std::span(queries).first(count));
    }
    const size_t count = chunk.rows.count;
    uint32_t hidden[kChunkRows];
    for (size_t i = 0; i < count; ++i)
        hidden[i] = allowed == nullptr || test_bit(allowed, chunk.numbers[i]) ? 0 : ~0U;
    hide_outside(lanes, first, count, hidden);
    kernels_.sift({blocks_.dots_of(chunk, block, hidden), chunk.numbers,
                   std::span(lane_best_).subspan(block * kBlockQueries, kBlockQueries)});
}

// The rows of the chunk stay in cache until all lanes have scored them.
void WindowScanner::scan_few_lanes(const ScoredRows& scored, const RowList& part, size_t block,
                                   size_t first, const uint64_t* allowed) {
    uint32_t numbers[kChunkRows];
    for (size_t i = 0; i < part.count; ++i) numbers[i] = part[i];
    const RowFilter filter{.allowed = allowed};
    for (size_t i = 0; i < kBlockQueries; ++i) {
        const size_t lane = block * kBlockQueries + i;
        const auto& [window, is_open] = lanes_[lane];
        const size_t begin = std::max(window.begin, first) - first;
        const size_t end = std::min(window.end - first, part.count);
        if (!is_open || begin >= end) continue;
        kernels_.scan_rows({scored, queries_[window.query],
                            std::span(numbers).subspan(begin, end - begin),
                            allowed == nullptr ? nullptr : &filter, &lane_best_[lane]});
    }
}

bool WindowScanner::has_open_lanes() const { return std::ranges::any_of(lanes_, &Lane::is_open); }

// Returns the end of the chunk at `row`: where the open windows end at the latest, or where one of
// them ends and the next one begins.
size_t WindowScanner::chunk_end(size_t row, size_t following) const {
    size_t last = row;
    for (const Lane& lane : lanes_) {
        if (!lane.is_open) continue;
        if (lane.window.end == following) return std::min(row + kChunkRows, following);
        last = std::max(last, lane.window.end);
    }
    return std::min(row + kChunkRows, last);
}

// Whether the query of a window has a lane that closes before the window begins.
bool WindowScanner::must_end_before(const Window& window) const {
    const uint32_t lane = lane_of_[window.query];
    return lane != kNoLane && lanes_[lane].window.end < window.begin;
}

// Gives a query the first closed lane, or extends the window of the lane that it has. Closed lanes
// hold any query.
void WindowScanner::open_lane(const Window& window) {
    uint32_t& lane = lane_of_[window.query];
    if (lane != kNoLane) {
        lanes_[lane].window.end = window.end;
        return;
    }
    const auto closed = std::ranges::find(lanes_, false, &Lane::is_open);
    lane = static_cast<uint32_t>(closed - lanes_.begin());
    if (lane == lanes_.size()) {
        lanes_.resize(lane + kBlockQueries, {{0, 0, window.query}, false});
        stale_blocks_.resize(lanes_.size() / kBlockQueries);
        if (lane_best_.size() < lanes_.size()) lane_best_.resize(lanes_.size());
    }
    lanes_[lane] = {window, true};
    stale_blocks_[lane / kBlockQueries] = 1;
    std::swap(lane_best_[lane], best_[window.query]);
}

// Closes the lanes whose windows end at `place` or before.
void WindowScanner::close_lanes(size_t place) {
    for (size_t lane = 0; lane < lanes_.size(); ++lane) {
        const auto& [window, is_open] = lanes_[lane];
        if (!is_open || window.end > place) continue;
        std::swap(lane_best_[lane], best_[window.query]);
        lane_of_[window.query] = kNoLane;
        lanes_[lane].is_open = false;
    }
}

// Hides from each query of a block the rows at [first, first + count) that its window lacks.
void WindowScanner::hide_outside(std::span<const Lane> lanes, size_t first, size_t count,
                                 uint32_t* hidden) const {
    const size_t last = first + count;
    uint32_t closed = 0;
    for (size_t i = 0; i < lanes.size(); ++i) {
        const Window& own = lanes[i].window;
        if (!lanes[i].is_open) {
            closed |= 1U << i;
            continue;
        }
        for (size_t place = first; place < std::min(own.begin, last); ++place)
            hidden[place - first] |= 1U << i;
        for (size_t place = own.end; place < last; ++place) hidden[place - first] |= 1U << i;
    }
    for (size_t i = 0; i < count; ++i) hidden[i] |= closed;
}

}  // namespace vecq
