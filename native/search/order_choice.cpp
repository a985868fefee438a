// Compares the orders that a clause allows, by the shares of rows that factors allow.
#include "search/order_choice.hpp"

#include <algorithm>
#include <cmath>

namespace vecq {
namespace {

// Shares are means of about this many conditions.
constexpr size_t kSampled = 64;
// A second driver must leave at most this share of the rows: more gain little.
constexpr double kWorthwhile = 0.9;

// Statistics of one factor of a clause over the conditions.
struct FactorStats {
    double share = 1;     // mean of rows that it allows
    double runs = 0;      // mean number
    bool drives = false;  // whether there is an order
};

struct Candidate {
    Drivers drivers;
    double share;
};

FactorStats stats_of(const IndexState& state, OrderChoice::Conditions conditions, size_t clause,
                     size_t factor) {
    const auto factor_of = [&](size_t i) -> const Factor& {
        return conditions[i]->clauses()[clause][factor];
    };
    FactorStats stats;
    if (!factor_of(0).has_runs()) return stats;
    const auto order =
        ConditionOrder::of(state, conditions[0]->clauses()[clause], {factor}, conditions.size());
    if (!order) return stats;
    const size_t step = (conditions.size() + kSampled - 1) / kSampled;
    double logs = 0, count = 0;
    for (size_t i = 0; i < conditions.size(); i += step, ++count) {
        const Factor& own = factor_of(i);
        logs += std::log(std::max(order->share_of(own), 1e-9));
        stats.runs += own.has_texts() ? static_cast<double>(own.term.codes.size()) : 1;
    }
    stats.share = std::exp(logs / count);
    stats.runs /= count;
    stats.drives = stats.runs <= ConditionOrder::kMaxRuns;
    return stats;
}

// The runs of a nested order are those of single codes.
bool nests(const Factor& first, const FactorStats& one, const Factor& second,
           const FactorStats& other) {
    constexpr auto kMost = static_cast<double>(ConditionOrder::kMaxRuns);
    const bool has_codes = first.has_texts() || first.term.kind == Term::Kind::bytes;
    if (!has_codes || first.attribute() == second.attribute()) return false;
    const double codes =
        first.is_inverse ? static_cast<double>(first.term.attribute->texts.size() + 1) : one.runs;
    return codes * other.runs <= kMost;
}

// The best first.
std::vector<Candidate> candidates_of(const OrderedCondition::Clause& clause,
                                     std::span<const FactorStats> stats) {
    std::vector<Candidate> found;
    double least = 1;
    for (size_t i = 0; i < clause.size(); ++i) {
        if (!stats[i].drives) continue;
        found.push_back({{i}, stats[i].share});
        least = std::min(least, stats[i].share);
    }
    for (size_t i = 0; i < clause.size(); ++i)
        for (size_t j = 0; j < clause.size(); ++j) {
            const double share = stats[i].share * stats[j].share;
            if (stats[i].drives && stats[j].drives && share <= kWorthwhile * least &&
                nests(clause[i], stats[i], clause[j], stats[j]))
                found.push_back({{i, j}, share});
        }
    std::ranges::stable_sort(found, {}, &Candidate::share);
    return found;
}

// Sorts runs and joins those that overlap or touch.
void join(std::vector<PlaceRun>& runs) {
    std::erase_if(runs, [](const PlaceRun& run) { return run.begin >= run.end; });
    std::ranges::sort(runs, {}, &PlaceRun::begin);
    size_t count = 0;
    for (const PlaceRun& run : runs)
        if (count > 0 && run.begin <= runs[count - 1].end)
            runs[count - 1].end = std::max(runs[count - 1].end, run.end);
        else
            runs[count++] = run;
    runs.resize(count);
}

}  // namespace

std::optional<OrderChoice> OrderChoice::of(const IndexState& state, Conditions conditions) {
    OrderChoice choice;
    for (size_t clause = 0; clause < conditions[0]->clauses().size(); ++clause)
        if (!choice.add(state, conditions, clause)) return {};
    return choice;
}

bool OrderChoice::add(const IndexState& state, Conditions conditions, size_t clause) {
    const OrderedCondition::Clause& one = conditions[0]->clauses()[clause];
    std::vector<FactorStats> stats;
    for (size_t factor = 0; factor < one.size(); ++factor)
        stats.push_back(stats_of(state, conditions, clause, factor));
    for (const Candidate& candidate : candidates_of(one, stats)) {
        auto order = ConditionOrder::of(state, one, candidate.drivers, conditions.size());
        if (!order) continue;
        // A scan of an order meets a row once, unless the order repeats it.
        const auto same = std::ranges::find_if(orders_, [&](const ConditionOrder& other) {
            return other.is_same_as(*order) && !order->repeats_rows();
        });
        const auto number = static_cast<size_t>(same - orders_.begin());
        const bool is_alone = same == orders_.end();
        if (is_alone) orders_.push_back(std::move(*order));
        for (Choice& other : clauses_) other.is_alone &= other.order != number;
        clauses_.push_back({number, candidate.drivers, one.size(), is_alone});
        return true;
    }
    return false;
}

std::optional<std::vector<std::vector<PlaceRun>>>
OrderChoice::runs_of(const OrderedCondition& condition, std::span<const uint32_t> stale) const {
    std::vector<std::vector<PlaceRun>> runs(orders_.size());
    for (size_t i = 0; i < clauses_.size(); ++i) {
        const Choice& own = clauses_[i];
        if (!orders_[own.order].add_runs(condition.clauses()[i], own.drivers, stale,
                                         runs[own.order]))
            return {};
    }
    for (std::vector<PlaceRun>& own : runs) join(own);
    return runs;
}

bool OrderChoice::needs_test(size_t order) const {
    return order > 0 || std::ranges::any_of(clauses_, [&](const Choice& own) {
               return own.order == order && own.drivers.count() < own.factors;
           });
}

// Each row belongs to the first order in which a clause holds. Of the only clause of an order the
// drivers do.
size_t OrderChoice::pass(const OrderedCondition& condition, size_t order,
                         std::span<Key> keys) const {
    for (size_t i = 0; i < clauses_.size(); ++i) {
        if (clauses_[i].order >= order) continue;
        const size_t earlier = pass_clause(condition, i, false, keys);
        std::copy(keys.begin() + static_cast<ptrdiff_t>(earlier), keys.end(), keys.begin());
        keys = keys.first(keys.size() - earlier);
    }
    size_t passed = 0;
    for (size_t i = 0; i < clauses_.size(); ++i)
        if (clauses_[i].order == order)
            passed += pass_clause(condition, i, clauses_[i].is_alone, keys.subspan(passed));
    return passed;
}

size_t OrderChoice::pass_clause(const OrderedCondition& condition, size_t clause, bool has_drivers,
                                std::span<Key> keys) const {
    const auto [first, second] = clauses_[clause].drivers;
    const OrderedCondition::Clause& factors = condition.clauses()[clause];
    for (size_t i = 0; i < factors.size() && !keys.empty(); ++i)
        if (!has_drivers || (i != first && i != second)) keys = keys.first(factors[i].pass(keys));
    return keys.size();
}

}  // namespace vecq
