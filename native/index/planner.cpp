#include "index/planner.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace vecq {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
// Seconds to keep a row of a scan, bring it into order and score it anew.
constexpr double kKeepRow = 2e-8;
// A walk takes so many times as long for looking at what passes.
constexpr double kLooking = 1.2;
constexpr size_t kQueriesPerBlock = 32;

double scan_cost(const Pace& pace, const Question& question) {
    const double share = static_cast<double>(question.passing) / question.rows;
    const bool listed = question.filtered && share < kWorthListing;
    const double rows = static_cast<double>(listed ? question.passing : question.rows);
    const double block = rows * (listed ? pace.gathered : pace.row);
    const double alone = rows * (listed ? pace.gathered_alone : pace.row_alone);
    const auto queries = static_cast<double>(question.queries);
    const double blocks = std::ceil(queries / kQueriesPerBlock) * kQueriesPerBlock;
    const double scored = std::min(queries * alone, blocks * block);
    const double kept = std::min(rows, static_cast<double>(question.scan_width));
    return (scored + queries * kept * kKeepRow) / static_cast<double>(question.scanners);
}

}  // namespace

Costs costs_of(const Pace& pace, const Question& question) {
    if (pace.rows == 0 || question.passing == 0) return {kNever, kNever, 0};
    const double share = static_cast<double>(question.passing) / question.rows;
    const double width = static_cast<double>(question.walk_width + question.excluded);
    const Pace::Line& line = question.queries == 1 ? pace.walk_alone : pace.walk;
    const auto queries = static_cast<double>(question.queries);
    const double turns = std::ceil(queries / static_cast<double>(question.walkers)) *
                         (question.filtered ? kLooking : 1);
    Costs costs{};
    costs.walk = turns * line.at(width / share);
    // A step over a row costs about as much as scoring what it leads to.
    costs.step_over = question.filtered ? turns * line.at(width) / share : kNever;
    costs.scan = scan_cost(pace, question);
    return costs;
}

Plan cheapest(const Costs& costs) { return costs.scan <= costs.walk ? Plan::scan : Plan::walk; }

}  // namespace vecq
