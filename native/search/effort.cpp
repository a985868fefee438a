#include "search/effort.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string>
#include <vector>

#include "base/status.hpp"
#include "graph/layer.hpp"

namespace vecq {
namespace {

constexpr size_t kEfBeyondK = 100;
// The least number of probes; cells of kProbedPerResult rows per result come on top. Recall at
// k=100 and 1,000: .93 and .95 on GloVe, .985 to .999 on Gowalla, Fashion-MNIST and a generated
// million.
constexpr double kProbedPerResult = 32;
constexpr size_t kFewestProbes = 32;
// The ef for a recall grows at most with the square root of the number of items: measured up to
// eight times the items. The curve is trusted up to this growth only.
constexpr double kGrowthLimit = 2;
// For a k beyond those measured, ef may grow faster than k, as where k leaves the cluster of a
// query: by at most this factor in the data sets that were tried.
constexpr double kExtrapolationLimit = 2;

[[noreturn]] void refuse_recall(const std::string& message) {
    refuse("target_recall", "target_recall " + message);
}

std::string formatted(const char* format, double value) {
    char text[32];
    std::snprintf(text, sizeof text, format, value);
    return text;
}

std::string with_commas(uint64_t number) {
    const std::string digits = std::to_string(number);
    std::string text;
    for (size_t i = 0; i < digits.size(); ++i) {
        if (i != 0 && (digits.size() - i) % 3 == 0) text += ',';
        text += digits[i];
    }
    return text;
}

// The points that were measured for one k, in the order of the curve: both numbers rise.
std::vector<CurvePoint> points_of(const RecallCurve& curve, uint64_t k) {
    std::vector<CurvePoint> own;
    std::ranges::copy_if(curve.points, std::back_inserter(own),
                         [&](const CurvePoint& point) { return point.k == k; });
    return own;
}

// The ef for a measured k; infinite if no walk reached the recall.
double ef_at(const RecallCurve& curve, uint64_t k, double recall) {
    const std::vector<CurvePoint> points = points_of(curve, k);
    const auto above = std::ranges::upper_bound(points, recall, {}, &CurvePoint::recall);
    if (above == points.begin()) return static_cast<double>(above->ef);
    const CurvePoint& below = *(above - 1);
    const auto ef = static_cast<double>(below.ef);
    if (above == points.end())
        return recall > below.recall ? std::numeric_limits<double>::infinity() : ef;
    const double slope = (static_cast<double>(above->ef) - ef) / (above->recall - below.recall);
    return ef + slope * (recall - below.recall);
}

// Returns how many candidates beyond k have to be rescored; between measured k their share of k is
// interpolated.
double rescored_beyond(const std::vector<CurvePoint>& widths, size_t k) {
    const auto wanted = static_cast<double>(k);
    const auto share = [](const CurvePoint& point) {
        return static_cast<double>(point.ef) / static_cast<double>(point.k) - 1;
    };
    const auto above = std::ranges::lower_bound(widths, k, {}, &CurvePoint::k);
    if (above == widths.end()) return share(widths.back()) * wanted;
    if (above == widths.begin()) return static_cast<double>(above->ef) - wanted;
    const CurvePoint& below = *(above - 1);
    const double from = std::log(static_cast<double>(below.k));
    const double to = std::log(static_cast<double>(above->k));
    // In a damaged file, k may fall.
    const double at = from < to ? (std::log(wanted) - from) / (to - from) : 0;
    return (share(below) + (share(*above) - share(below)) * at) * wanted;
}

[[noreturn]] void refuse_unreachable(const RecallCurve& curve, double recall, uint64_t smaller,
                                     uint64_t larger) {
    double best = 1;
    std::string measured;
    for (const uint64_t k : {smaller, larger}) {
        if (k == 0 || (k == larger && !measured.empty() && smaller == larger)) continue;
        best = std::min(best, points_of(curve, k).back().recall);
        measured += (measured.empty() ? "k=" : " and k=") + std::to_string(k);
    }
    refuse_recall("is " + formatted("%g", recall) + ", but the best recall measured for " +
                  measured + " is " + formatted("%.4f", best) +
                  ": ask for less, score every item with plan=\"scan\", or build the index with "
                  "rerank_codec or a larger m");
}

}  // namespace

size_t default_ef(size_t k, bool has_planes) {
    const size_t beam = k + kEfBeyondK;
    return std::min(has_planes ? std::max(beam, plane_beam(k)) : beam, kMaxRows);
}

// 99.95 % of the results were among 12 candidates at k=1, 15 to 35 at k=10, 144 to 173 at k=100 and
// 1,312 to 1,569 at k=1,000: int12 codes of GloVe, Gowalla and texts, int8 planes of texts. Inside
// clusters of thousands of rows at about equal distances small k need more.
size_t plane_candidates(size_t k) { return k + k / 2 + k / 10 + 64; }

// Twice the items put twice as many within reach of an error.
size_t rerank_width(const RecallCurve& curve, Width width, size_t k, size_t rows) {
    const auto wanted = static_cast<double>(k);
    double beyond = width == Width::int4 ? wanted + 50 : 0.25 * wanted + 8;
    if (!curve.rerank_widths.empty())
        beyond = rescored_beyond(curve.rerank_widths, k) *
                 std::max(1.0, static_cast<double>(rows) / static_cast<double>(curve.rows));
    const double all = std::floor(wanted + std::max(beyond, 0.0) + 1e-6);
    return static_cast<size_t>(std::min(all, static_cast<double>(kMaxRows)));
}

size_t default_probes(size_t k, size_t rows, size_t cells) {
    const double per_cell = static_cast<double>(rows) / static_cast<double>(cells);
    const double wanted = kProbedPerResult * static_cast<double>(k) / std::max(per_cell, 1.0);
    return std::min(cells, kFewestProbes + static_cast<size_t>(wanted));
}

size_t probes_for_recall(const RecallCurve& curve, size_t k, double recall, size_t rows) {
    if (!(recall > 0 && recall <= 1))
        refuse_recall("is " + formatted("%g", recall) + ", expected more than 0 and at most 1");
    if (curve.points.empty() || curve.rows == 0)
        refuse_recall("needs a recall curve: call index.measure_recall(queries)");
    const double growth =
        std::max(1.0, static_cast<double>(rows) / static_cast<double>(curve.rows));
    if (growth > kGrowthLimit)
        refuse_recall("can't be kept: recall was measured on " + with_commas(curve.rows) +
                      " items and there are " + with_commas(rows) +
                      " now; call measure_recall again, or give ef");
    uint64_t smaller = 0, larger = 0;  // the nearest measured k; 0: none
    for (const CurvePoint& point : curve.points) {
        if (point.k <= k) smaller = std::max(smaller, point.k);
        if (point.k >= k && (larger == 0 || point.k < larger)) larger = point.k;
    }
    const auto wanted = static_cast<double>(k);
    double ef = 0;
    if (larger == 0) {
        const double factor = wanted / static_cast<double>(smaller);
        ef = ef_at(curve, smaller, recall) * factor * std::min(factor, kExtrapolationLimit);
    } else if (smaller == 0 || smaller == larger) {
        // An ef that finds a share of the best ten finds more of the best one.
        ef = ef_at(curve, larger, recall);
    } else {
        const double low = ef_at(curve, smaller, recall), high = ef_at(curve, larger, recall);
        const double from = std::log(static_cast<double>(smaller));
        const double share =
            (std::log(wanted) - from) / (std::log(static_cast<double>(larger)) - from);
        ef = low + (high - low) * share;
    }
    if (!std::isfinite(ef)) refuse_unreachable(curve, recall, smaller, larger);
    const double least = std::ceil(ef * std::sqrt(growth));
    return static_cast<size_t>(std::clamp(least, 1.0, static_cast<double>(kMaxRows)));
}

size_t ef_for_recall(const RecallCurve& curve, size_t k, double recall, size_t rows) {
    return std::max(k, probes_for_recall(curve, k, recall, rows));
}

}  // namespace vecq
