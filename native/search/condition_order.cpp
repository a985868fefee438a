// Finds the runs of places that factors allow.
#include "search/condition_order.hpp"

#include <algorithm>
#include <utility>

namespace vecq {
namespace {

bool is_of_tags(const Factor& factor) {
    return factor.term.attribute->spec.kind == AttributeKind::tags;
}

}  // namespace

std::optional<ConditionOrder> ConditionOrder::of(const IndexState& state,
                                                 const OrderedCondition::Clause& clause,
                                                 Drivers drivers, size_t uses) {
    const Attributes& attributes = state.rows.attributes();
    const size_t rows = state.rows.slots().extent();
    const bool is_nested = drivers.second != Drivers::kNone;
    const Factor& first = clause[drivers.first];
    const Factor& last = is_nested ? clause[drivers.second] : first;
    ConditionOrder order;
    order.repeats_rows_ = is_of_tags(first) || is_of_tags(last);
    if (is_nested) {
        const Attributes::Nested nested =
            attributes.nested(*first.term.attribute, *last.term.attribute, rows, uses);
        if (nested.rows == nullptr) return {};
        order.nested_ = nested.rows;
    }
    if (last.has_texts()) {
        const Attributes::Posted posted = attributes.postings(*last.term.attribute, rows);
        order.postings_ = posted.postings;
        order.version_ = posted.version;
        return order;
    }
    // The order under a nested one exists, so this does not count as a use.
    const Attributes::Ordered ordered =
        attributes.ordered(*last.term.attribute, rows, is_nested ? 0 : uses);
    if (ordered.rows == nullptr) return {};
    order.numbers_ = ordered.rows;
    order.version_ = ordered.version;
    return order;
}

std::span<const uint32_t> ConditionOrder::in_order() const {
    if (nested_ != nullptr) return nested_->in_order();
    return postings_ != nullptr ? postings_->in_order() : numbers_->in_order();
}

template <class Visit>
void ConditionOrder::each_code_range(const Factor& factor, size_t codes, Visit&& visit) {
    if (!factor.has_texts())  // bools
        return visit(static_cast<size_t>(factor.term.low),
                     std::min(static_cast<size_t>(factor.term.high) + 1, codes));
    size_t next = 0;  // after the last code of the term
    for (const size_t code : factor.term.codes) {
        if (factor.is_inverse)
            visit(next, std::min(code, codes));
        else
            visit(code, code + 1);
        next = code + 1;
    }
    if (factor.is_inverse) visit(next, codes);
}

double ConditionOrder::share_of(const Factor& factor) const {
    size_t places = 0;
    for (const PlaceRun& run : runs_of_one(factor, {})) places += run.end - run.begin;
    return static_cast<double>(places) / static_cast<double>(std::max<size_t>(rows(), 1));
}

bool ConditionOrder::add_runs(const OrderedCondition::Clause& clause, Drivers drivers,
                              std::span<const uint32_t> stale, std::vector<PlaceRun>& runs) const {
    const bool is_nested = drivers.second != Drivers::kNone;
    const std::vector<PlaceRun> own =
        runs_of_one(clause[is_nested ? drivers.second : drivers.first], stale);
    if (runs.size() + own.size() > kMaxRuns) return false;
    if (!is_nested) {
        runs.insert(runs.end(), own.begin(), own.end());
        return true;
    }
    each_code_range(clause[drivers.first], nested_->codes(), [&](size_t first, size_t last) {
        for (; first < last && runs.size() <= kMaxRuns; ++first)
            for (const PlaceRun& run : own) runs.push_back(nested_->run(first, run.begin, run.end));
    });
    return runs.size() <= kMaxRuns;
}

std::vector<PlaceRun> ConditionOrder::runs_of_one(const Factor& factor,
                                                  std::span<const uint32_t> stale) const {
    if (postings_ == nullptr) return {run_of_numbers(factor.term, stale)};
    std::vector<PlaceRun> runs;
    each_code_range(factor, postings_->codes(), [&](size_t first, size_t last) {
        runs.push_back(postings_->run(first, last));
    });
    return runs;
}

// The places of all rows of the range that are not stale. The order leaves some at both ends
// undecided: these are tested.
PlaceRun ConditionOrder::run_of_numbers(const Term& term, std::span<const uint32_t> stale) const {
    const OrderedRun run = run_of(*numbers_, term);
    const std::span<const uint32_t> order = numbers_->in_order();
    PlaceRun exact{SIZE_MAX, 0};
    const auto test = [&](size_t place, size_t last) {
        for (; place < last; ++place) {
            if (std::ranges::binary_search(stale, order[place]) || !holds(term, order[place]))
                continue;
            exact.begin = std::min(exact.begin, place);
            exact.end = std::max(exact.end, place + 1);
        }
    };
    if (run.begin < run.end) exact = {run.begin, run.end};
    test(run.first, run.begin);
    test(run.end, run.last);
    return exact.begin < exact.end ? exact : PlaceRun{0, 0};
}

}  // namespace vecq
