// Recognizes ordered conditions, and finds their runs.
#include "search/condition_order.hpp"

#include <algorithm>
#include <utility>

namespace vecq {
namespace {

// More runs cost more than they save.
constexpr size_t kMaxRuns = 64;
constexpr size_t kNoAttribute = SIZE_MAX;

void append(std::vector<PlaceRun>& runs, PlaceRun run) {
    if (run.begin >= run.end) return;
    if (!runs.empty() && runs.back().end == run.begin)
        runs.back().end = run.end;
    else
        runs.push_back(run);
}

}  // namespace

std::shared_ptr<const OrderedCondition> OrderedCondition::of(Predicate predicate) {
    std::shared_ptr<OrderedCondition> found(new OrderedCondition(std::move(predicate)));
    const std::vector<Predicate::Factor> factors = found->predicate_.factors();
    const bool is_ordered =
        !factors.empty() &&
        std::ranges::all_of(factors, [&](const auto& factor) { return found->take(factor); });
    return is_ordered ? found : nullptr;
}

// Returns false if the term makes the condition another one.
bool OrderedCondition::take(const Predicate::Factor& factor) {
    const Term& term = *factor.term;
    const AttributeKind kind = term.attribute->spec.kind;
    if (term.kind == Term::Kind::bytes) return false;
    if (term.kind == Term::Kind::codes) {
        // A row with several tags would be in several runs.
        if (texts_ || (kind == AttributeKind::tags && (factor.is_inverse || term.codes.size() > 1)))
            return false;
        texts_ = term;
        is_inverse_ = factor.is_inverse;
        return true;
    }
    if (factor.is_inverse || (numbers_ && numbers_->attribute != term.attribute)) return false;
    if (numbers_)
        numbers_->narrow(term);
    else
        numbers_ = term;
    return true;
}

OrderedCondition::Key OrderedCondition::key() const {
    return {texts_ ? texts_->attribute->number : kNoAttribute,
            numbers_ ? numbers_->attribute->number : kNoAttribute};
}

std::optional<ConditionOrder> ConditionOrder::of(const IndexState& state,
                                                 const OrderedCondition& one, size_t uses) {
    const Attributes& attributes = state.rows.attributes();
    const size_t rows = state.rows.slots().extent();
    ConditionOrder order;
    if (!one.numbers_) {
        const Attributes::Posted posted = attributes.postings(*one.texts_->attribute, rows);
        order.postings_ = posted.postings;
        order.version_ = posted.version;
        return order;
    }
    if (!one.texts_) {
        const Attributes::Ordered ordered =
            attributes.ordered(*one.numbers_->attribute, rows, uses);
        order.numbers_ = ordered.rows;
        order.version_ = ordered.version;
    } else {
        const Attributes::Nested nested =
            attributes.nested(*one.texts_->attribute, *one.numbers_->attribute, rows, uses);
        order.nested_ = nested.rows;
        order.version_ = nested.version;
        if (nested.rows != nullptr) order.numbers_ = nested.rows->numbers();
    }
    return order.numbers_ == nullptr ? std::nullopt : std::optional(std::move(order));
}

std::span<const uint32_t> ConditionOrder::in_order() const {
    if (postings_ != nullptr) return postings_->in_order();
    return nested_ != nullptr ? nested_->in_order() : numbers_->in_order();
}

template <class Visit>
void ConditionOrder::each_code_range(const OrderedCondition& condition, Visit&& visit) const {
    size_t next = 0;  // after the last code of the term
    for (const size_t code : condition.texts_->codes) {
        if (condition.is_inverse_)
            visit(next, std::min(code, codes()));
        else
            visit(code, code + 1);
        next = code + 1;
    }
    if (condition.is_inverse_) visit(next, codes());
}

std::optional<AllowedRuns> ConditionOrder::runs_of(const OrderedCondition& condition) const {
    if (most_runs(condition) > kMaxRuns) return {};
    AllowedRuns allowed;
    if (postings_ != nullptr) {
        each_code_range(condition, [&](size_t first, size_t last) {
            append(allowed.runs, postings_->run(first, last));
        });
        return allowed;
    }
    const OrderedRun run = run_of(*numbers_, *condition.numbers_);
    if (nested_ == nullptr)
        append(allowed.runs, {run.begin, run.end});
    else
        each_code_range(condition, [&](size_t first, size_t last) {
            for (; first < last; ++first)
                append(allowed.runs, nested_->run(first, run.begin, run.end));
        });
    const auto test = [&](size_t place, size_t last) {
        for (; place < last; ++place) allowed.tested.push_back(numbers_->in_order()[place]);
    };
    test(run.first, run.begin);
    test(run.end, run.last);
    return allowed;
}

size_t ConditionOrder::most_runs(const OrderedCondition& condition) const {
    if (!condition.texts_) return 1;
    return nested_ != nullptr && condition.is_inverse_ ? nested_->codes()
                                                       : condition.texts_->codes.size();
}

}  // namespace vecq
