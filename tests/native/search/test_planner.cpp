// The planner: estimated costs rise with the work, and it picks the cheapest plan.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/rng.hpp"
#include "check.hpp"
#include "search/planner.hpp"

using namespace vecq;

namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

const CostModel kModel{.rows = 1'000'000,
                       .walk = {1e-5, 2e-7},
                       .lone_walk = {2e-5, 3e-7},
                       .row = 1e-9,
                       .lone_row = 4e-9,
                       .gathered_row = 2e-9,
                       .lone_gathered_row = 6e-9,
                       .distance_growth = 0.1F};

Question default_question() {
    return {.rows = 1'000'000,
            .passing = 1'000'000,
            .queries = 100,
            .walkers = 1,
            .scanners = 1,
            .beam_width = 200,
            .scan_width = 157,
            .excluded = 0,
            .has_filter = false};
}

double cost_of(const Costs& costs, Plan plan) {
    return plan == Plan::walk        ? costs.walk
           : plan == Plan::step_over ? costs.step_over
           : plan == Plan::scan      ? costs.scan
                                     : std::nan("");
}

// Checks that no plan gets cheaper as a member of the question grows.
template <class Values>
void check_rises(Question question, size_t Question::* member, const Values& values,
                 const char* name) {
    Costs before{0, 0, 0};
    for (const size_t value : values) {
        question.*member = value;
        const Costs costs = costs_of(kModel, question);
        CHECK(costs.walk >= before.walk && costs.step_over >= before.step_over, name, value);
        CHECK(costs.scan >= before.scan * (1 - 1e-12), name, value, costs.scan, before.scan);
        before = costs;
    }
}

}  // namespace

TEST(planner_picks_the_cheapest_plan) {
    const double values[] = {0, 1e-6, 1, 1e6, kNever};
    for (const double walk : values)
        for (const double step_over : values)
            for (const double scan : {0.0, 1e-6, 1.0, 1e6}) {
                const Costs costs{walk, step_over, scan};
                const double cost = cost_of(costs, cheapest(costs));
                CHECK(cost == std::min(walk, scan), walk, step_over, scan);
            }
}

TEST(planner_never_picks_an_impossible_plan) {
    Random random(1);
    for (int i = 0; i < 20'000; ++i) {
        Question question = default_question();
        question.rows = 1 + random.below(i % 2 == 0 ? 10 : 10'000'000);
        question.has_filter = random.below(2) == 1;
        question.passing = question.has_filter ? random.below(question.rows + 1) : question.rows;
        question.queries = 1 + random.below(3000);
        question.walkers = 1 + random.below(64);
        question.scanners = 1 + random.below(64);
        question.beam_width = 1 + random.below(question.rows);
        question.scan_width = 1 + random.below(question.rows);
        question.excluded = random.below(1000);
        CostModel model = i % 5 == 0 ? CostModel{} : kModel;
        if (i % 7 == 0) model.walk.slope = model.lone_walk.fixed = model.gathered_row = 0;
        const Costs costs = costs_of(model, question);
        for (const double cost : {costs.walk, costs.step_over, costs.scan})
            CHECK(cost >= 0, i, question.rows, question.passing);
        const double cost = cost_of(costs, cheapest(costs));
        CHECK(std::isfinite(cost), i, question.rows, question.passing);
        CHECK(std::isinf(costs.step_over) || question.has_filter, i);
        if (model.rows == 0 || question.passing == 0) CHECK(cheapest(costs) == Plan::scan, i);
    }
}

TEST(planner_costs_rise_with_the_work) {
    for (const bool has_filter : {false, true}) {
        Question question = default_question();
        question.has_filter = has_filter;
        if (has_filter) question.passing = 300'000;
        const std::vector<size_t> widths = {1, 10, 100, 1000, 10'000, 100'000};
        check_rises(question, &Question::beam_width, widths, "beam_width");
        check_rises(question, &Question::scan_width, widths, "scan_width");
        check_rises(question, &Question::excluded, widths, "excluded");
        std::vector<size_t> queries(300);
        for (size_t i = 0; i < queries.size(); ++i) queries[i] = i + 2;
        check_rises(question, &Question::queries, queries, "queries");
        const Costs one = costs_of(kModel, question);
        question.walkers = question.scanners = 4;
        const Costs four = costs_of(kModel, question);
        CHECK(four.walk < one.walk && four.scan < one.scan, has_filter);
    }
}

TEST(planner_scans_at_low_selectivity_and_walks_at_high) {
    Question question = default_question();
    CHECK(cheapest(costs_of(kModel, question)) == Plan::walk);
    question.has_filter = true;
    bool scanned = true;
    double walk = kNever;
    for (const size_t passing : {1, 10, 100, 1000, 10'000, 100'000, 500'000, 1'000'000}) {
        question.passing = passing;
        const Costs costs = costs_of(kModel, question);
        CHECK(costs.walk < walk, passing);  // higher selectivity makes walks cheaper
        walk = costs.walk;
        const bool scans = cheapest(costs) == Plan::scan;
        CHECK(scanned || !scans, passing);  // never back to scans
        scanned = scans;
    }
    CHECK(!scanned);
}
