// The cost formulas of the plans, over the measured cost model.
#include "search/planner.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace vecq {
namespace {

constexpr double kImpossible = std::numeric_limits<double>::infinity();
// Seconds to keep, sort and rescore one row of a scan.
constexpr double kKeepRow = 2e-8;
// The same of a probe, whose first bounds are lower; and seconds per query of a probe besides.
// Measured on Zen 4, k=100 and 1,000.
constexpr double kKeepProbedRow = 7e-8, kProbeQuery = 1e-5;
// Slowdown of a walk that tests a filter.
constexpr double kFilterFactor = 1.2;
constexpr size_t kQueriesPerBlock = 32;

double scan_cost(const CostModel& model, const Question& question) {
    const double share = static_cast<double>(question.passing) / question.rows;
    const bool is_listed = question.has_filter && share < kListedShare;
    const double rows = static_cast<double>(is_listed ? question.passing : question.rows);
    const double block = rows * (is_listed ? model.gathered_row : model.row);
    const double lone = rows * (is_listed ? model.lone_gathered_row : model.lone_row);
    const auto queries = static_cast<double>(question.queries);
    const double blocks = std::ceil(queries / kQueriesPerBlock) * kQueriesPerBlock;
    const double scored = std::min(queries * lone, blocks * block);
    const double kept = std::min(rows, static_cast<double>(question.scan_width));
    return (scored + queries * kept * kKeepRow) / static_cast<double>(question.scanners);
}

// Queries that want the same cell fill whole blocks, and a cell is as large as the mean one.
double probe_cost(const CostModel& model, const Question& question) {
    const auto queries = static_cast<double>(question.queries);
    const auto probes = static_cast<double>(std::min(question.probes, question.cells));
    const auto cells = static_cast<double>(question.cells);
    const double per_cell = queries * probes / cells;
    const double lanes = std::ceil(per_cell / kQueriesPerBlock) * kQueriesPerBlock / per_cell;
    const auto rows = static_cast<double>(question.rows - question.others);
    const double scored = cells + rows * probes / cells * lanes;
    const double seconds = scored * model.gathered_row +
                           static_cast<double>(question.others) * model.row +
                           static_cast<double>(question.scan_width) * kKeepProbedRow + kProbeQuery;
    return queries * seconds / static_cast<double>(question.walkers);
}

}  // namespace

Costs costs_of(const CostModel& model, const Question& question) {
    if (model.rows == 0 || question.passing == 0) return {kImpossible, kImpossible, 0, kImpossible};
    const double share = static_cast<double>(question.passing) / question.rows;
    const double width = static_cast<double>(question.beam_width + question.excluded);
    const CostModel::Line& line = question.queries == 1 ? model.lone_walk : model.walk;
    const auto queries = static_cast<double>(question.queries);
    const double walks = std::ceil(queries / static_cast<double>(question.walkers)) *
                         (question.has_filter ? kFilterFactor : 1);
    Costs costs{};
    costs.walk = walks * line.at(width / share);
    // Stepping over a row costs about as much as scoring one of its neighbors.
    costs.step_over = question.has_filter ? walks * line.at(width) / share : kImpossible;
    costs.scan = scan_cost(model, question);
    if (question.probes > 0) costs.probe = probe_cost(model, question);
    return costs;
}

double block_scan_cost(const CostModel& model, size_t scored, size_t kept) {
    return static_cast<double>(scored) * model.gathered_row + static_cast<double>(kept) * kKeepRow;
}

Plan cheapest(const Costs& costs) {
    if (costs.probe < std::min(costs.scan, costs.walk)) return Plan::probe;
    return costs.scan <= costs.walk ? Plan::scan : Plan::walk;
}

}  // namespace vecq
