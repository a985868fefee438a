// How fast an index answers on this machine, measured on a few of its own rows when it has grown.
#include <algorithm>
#include <chrono>
#include <cmath>

#include "index/searcher.hpp"

namespace vecq {
namespace {

constexpr size_t kFewest = 1024;
constexpr size_t kQueries = 16;
// Enough for the bounds that a scan takes from a sample.
constexpr size_t kScannedRows = 16384;
constexpr size_t kNarrow = 32, kWide = 256;
// Rows nearer than this many others are no measure of how distances grow.
constexpr size_t kNearest = 16;
constexpr size_t kFewestForGrowth = 4096;

// Seconds; the best of two.
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

Pace::Line line_through(double narrow, double wide) {
    const double slope = std::max(0.0, (wide - narrow) / (kWide - kNarrow));
    return {std::max(0.0, narrow - slope * kNarrow), slope};
}

}  // namespace

void Index::measure_pace() {
    const size_t in_graph = slots_.count() - aside_.size();
    if (in_graph < kFewest || slots_.count() < 2 * pace_.rows) return;
    Searcher searcher(*this, 15);
    Pace pace{};
    const double encoding = encode_own_rows(searcher);
    measure_walks(searcher, pace);
    measure_scans(searcher, pace);
    // What scans of so few queries take is ample, and holds it.
    for (Pace::Line* line : {&pace.walk, &pace.walk_alone}) line->fixed += encoding;
    pace.rows = slots_.count();
    const auto alone = turnstile_.write();
    pace_ = pace;
}

// Evenly spaced ones. Returns how long one takes.
double Index::encode_own_rows(Searcher& searcher) const {
    std::vector<float> vectors(2 * kQueries * dim());
    RowCoder coder(store_.codec());
    for (size_t i = 0; i < 2 * kQueries; ++i) {
        const size_t row = i * slots_.extent() / (2 * kQueries);
        coder.decode(store_.rows().at(row), store_[row], vectors.data() + i * dim());
    }
    return time_of([&] { searcher.encode(vectors.data(), dim(), 0, 2 * kQueries); }) /
           (2 * kQueries);
}

void Index::measure_walks(Searcher& searcher, Pace& pace) const {
    std::vector<Key> found(kQueries * kWide);
    std::vector<size_t> counts(kQueries);
    const auto walk = [&](size_t first, size_t count, size_t width) {
        kernels_.search({.graph = graph_.view(),
                         .scored = scored(),
                         .queries = std::span(searcher.coarse).subspan(first, count),
                         .width = width,
                         .stop = {},
                         .gates = nullptr,
                         .scratch = {searcher.walks, kTurns},
                         .found = found.data() + first * width,
                         .found_counts = counts.data() + first});
    };
    const auto together = [&](size_t width) {
        return time_of([&] { walk(0, kQueries, width); }) / kQueries;
    };
    const auto alone = [&](size_t width) {
        return time_of([&] {
                   for (size_t i = 0; i < kQueries; ++i) walk(i, 1, width);
               }) /
               kQueries;
    };
    pace.walk_alone = line_through(alone(kNarrow), alone(kWide));
    pace.walk = line_through(together(kNarrow), together(kWide));
    if (options_.metric != Metric::ip && slots_.extent() >= kFewestForGrowth)
        pace.growth = growth_of(found, counts);
}

// From squared distances, which are minus a score, or under cosine 1 minus one, times a factor.
float Index::growth_of(std::span<const Key> found, std::span<const size_t> counts) const {
    const double zero = options_.metric == Metric::cosine ? 1 : 0;
    double sum = 0;
    size_t seen = 0;
    for (size_t i = 0; i < counts.size(); ++i) {
        if (counts[i] < kWide) continue;
        const Key* keys = found.data() + i * kWide;
        const double near = zero - score_of(keys[kNearest]), far = zero - score_of(keys[kWide - 1]);
        if (!(near > 0) || !(far >= near)) continue;
        sum += std::log(far / near) / (2 * std::log(double{kWide} / (kNearest + 1)));
        ++seen;
    }
    return seen == 0 ? 0 : static_cast<float>(sum / static_cast<double>(seen));
}

void Index::measure_scans(Searcher& searcher, Pace& pace) const {
    const size_t rows = std::min(slots_.extent(), kScannedRows);
    std::vector<uint32_t> apart(rows);
    for (size_t i = 0; i < rows; ++i) apart[i] = static_cast<uint32_t>(i * slots_.extent() / rows);
    const auto scan = [&](size_t count, const RowList& list) {
        searcher.scanner.begin(std::span(searcher.coarse).subspan(0, count), dim(), 1, nullptr);
        const double spent = time_of([&] { searcher.scanner.scan(scored(), list); });
        return spent / static_cast<double>(count * rows);
    };
    const RowList together{{}, 0, rows}, listed{apart, 0, rows};
    pace.row = scan(2 * kQueries, together);
    pace.row_alone = scan(1, together);
    pace.gathered = scan(2 * kQueries, listed);
    pace.gathered_alone = scan(1, listed);
}

}  // namespace vecq
