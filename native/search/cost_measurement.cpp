// Times walks and scans for a few rows of the index as queries.
#include "search/search_view.hpp"
#include "search/cost_measurement.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "search/searcher.hpp"

namespace vecq {
namespace {

// Smaller indexes are always scanned.
constexpr size_t kMinItems = 1024;
constexpr size_t kQueries = 16;
// Enough for a scan to take bounds from a sample.
constexpr size_t kScannedRows = 16384;
constexpr size_t kNarrow = 32, kWide = 256;  // beam widths
// Number of nearest rows to ignore: their distances do not show the growth rate.
constexpr size_t kIgnoredNearest = 16;
constexpr size_t kMinRowsForGrowth = 4096;

// Returns the seconds of the faster of two runs.
template <class Body>
double time_of(Body&& body) {
    using Clock = std::chrono::steady_clock;
    double best = 0;
    for (int round = 0; round < 2; ++round) {
        const auto start = Clock::now();
        body();
        const std::chrono::duration<double> spent = Clock::now() - start;
        best = round == 0 ? spent.count() : std::min(best, spent.count());
    }
    return best;
}

CostModel::Line line_through(double narrow, double wide) {
    const double slope = std::max(0.0, (wide - narrow) / (kWide - kNarrow));
    return {std::max(0.0, narrow - slope * kNarrow), slope};
}

// Fits the growth rate to scores. Squared distances are proportional to minus the score, or to one
// minus the score under cosine.
float distance_growth(Metric metric, std::span<const Key> found, std::span<const size_t> counts) {
    const double offset = metric == Metric::cosine ? 1 : 0;
    double sum = 0;
    size_t seen = 0;
    for (size_t i = 0; i < counts.size(); ++i) {
        if (counts[i] < kWide) continue;
        const Key* keys = found.data() + i * kWide;
        const double near = offset - score_of(keys[kIgnoredNearest]),
                     far = offset - score_of(keys[kWide - 1]);
        if (!(near > 0) || !(far >= near)) continue;
        sum += std::log(far / near) / (2 * std::log(double{kWide} / (kIgnoredNearest + 1)));
        ++seen;
    }
    return seen == 0 ? 0 : static_cast<float>(sum / static_cast<double>(seen));
}

class Measurement {
public:
    explicit Measurement(const IndexState& state)
        : state_(state), searcher_(state.rows.codes().codec(), nullptr, state.options.metric, 15) {}

    CostModel run() {
        const double encoding = encode_own_rows();
        measure_walks();
        measure_scans();
        // Adds encoding to walks only: scan times of so few queries are high enough to cover it.
        for (CostModel::Line* line : {&costs_.walk, &costs_.lone_walk}) line->fixed += encoding;
        costs_.rows = state_.rows.slots().count();
        return costs_;
    }

private:
    // Encodes evenly spaced rows as queries. Returns the seconds per query.
    double encode_own_rows() {
        const CodeStore& codes = state_.rows.codes();
        const size_t dim = state_.dim, extent = state_.rows.slots().extent();
        std::vector<float> vectors(2 * kQueries * dim);
        RowCoder coder(codes.codec());
        for (size_t i = 0; i < 2 * kQueries; ++i) {
            const size_t row = i * extent / (2 * kQueries);
            coder.decode(codes.codes_of(row), codes[row], vectors.data() + i * dim);
        }
        return time_of([&] { searcher_.encode(vectors.data(), dim, 0, 2 * kQueries); }) /
               (2 * kQueries);
    }

    void walk(size_t first, size_t count, size_t width) {
        state_.kernels.search({.graph = search_view(state_, searcher_.entries),
                               .scored = state_.rows.scored(),
                               .queries = std::span(searcher_.coarse).subspan(first, count),
                               .width = width,
                               .stop = {},
                               .filters = nullptr,
                               .scratch = {searcher_.walks, kInterleavedWalks},
                               .found = found_.data() + first * width,
                               .found_counts = counts_.data() + first});
    }

    double time_of_batch(size_t width) {
        return time_of([&] { walk(0, kQueries, width); }) / kQueries;
    }

    double time_of_lone_walk(size_t width) {
        return time_of([&] {
                   for (size_t i = 0; i < kQueries; ++i) walk(i, 1, width);
               }) /
               kQueries;
    }

    void measure_walks() {
        found_.resize(kQueries * kWide);
        counts_.resize(kQueries);
        costs_.lone_walk = line_through(time_of_lone_walk(kNarrow), time_of_lone_walk(kWide));
        costs_.walk = line_through(time_of_batch(kNarrow), time_of_batch(kWide));
        const Metric metric = state_.options.metric;
        if (metric != Metric::ip && state_.rows.slots().extent() >= kMinRowsForGrowth)
            costs_.distance_growth = distance_growth(metric, found_, counts_);
    }

    double time_of_scan(size_t count, const RowList& list) {
        searcher_.scanner.begin(std::span(searcher_.coarse).subspan(0, count), state_.dim, 1,
                                nullptr);
        const double spent = time_of([&] { searcher_.scanner.scan(state_.rows.scored(), list); });
        return spent / static_cast<double>(count * list.count);
    }

    void measure_scans() {
        const size_t extent = state_.rows.slots().extent(), rows = std::min(extent, kScannedRows);
        std::vector<uint32_t> apart(rows);
        for (size_t i = 0; i < rows; ++i) apart[i] = static_cast<uint32_t>(i * extent / rows);
        const RowList contiguous{{}, 0, rows}, listed{apart, 0, rows};
        costs_.row = time_of_scan(2 * kQueries, contiguous);
        costs_.lone_row = time_of_scan(1, contiguous);
        costs_.gathered_row = time_of_scan(2 * kQueries, listed);
        costs_.lone_gathered_row = time_of_scan(1, listed);
    }

    const IndexState& state_;
    Searcher searcher_;
    CostModel costs_{};
    std::vector<Key> found_;
    std::vector<size_t> counts_;
};

}  // namespace

bool needs_cost_measurement(const IndexState& state) {
    return state.graph_items() >= kMinItems && state.rows.slots().count() >= 2 * state.costs.rows;
}

CostModel measured_costs(const IndexState& state) { return Measurement(state).run(); }

}  // namespace vecq
