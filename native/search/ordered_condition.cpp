// Brings predicates into the form that scans of orders need.
#include "search/ordered_condition.hpp"

#include <algorithm>

#include "base/order.hpp"

namespace vecq {
namespace {

// The stored value of true, and the largest one.
constexpr int64_t kTrue = 2, kLargestByte = 255;

std::vector<std::pair<size_t, bool>> shape_of(const OrderedCondition::Clause& clause) {
    std::vector<std::pair<size_t, bool>> shape;
    for (const Factor& factor : clause) shape.emplace_back(factor.attribute(), factor.has_runs());
    return shape;
}

// Bools outside a range are a range again, unless both sides of it have values.
Factor factor_of(const Predicate::Literal& from) {
    Factor factor{*from.term, from.is_inverse};
    Term& term = factor.term;
    if (!factor.is_inverse || term.kind != Term::Kind::bytes) return factor;
    if (term.low <= 0) {
        term.low = term.high + 1;
        term.high = kLargestByte;
        factor.is_inverse = false;
    } else if (term.high >= kTrue) {
        term.high = term.low - 1;
        term.low = 0;
        factor.is_inverse = false;
    }
    return factor;
}

// Ranges of one attribute become one.
OrderedCondition::Clause clause_of(const Predicate::Clause& from) {
    OrderedCondition::Clause clause;
    for (const Predicate::Literal& one : from) {
        Factor factor = factor_of(one);
        const auto same = std::ranges::find_if(clause, [&](const Factor& other) {
            return other.term.attribute == factor.term.attribute && !other.is_inverse;
        });
        if (same != clause.end() && !factor.is_inverse && !factor.has_texts())
            same->term.narrow(factor.term);
        else
            clause.push_back(std::move(factor));
    }
    std::ranges::stable_sort(clause, {}, [](const Factor& factor) {
        return std::pair(factor.attribute(), factor.has_runs());
    });
    return clause;
}

// Values are anywhere, so they are prefetched.
template <class T, class Holds>
size_t pass_values(const Column& values, std::span<Key> keys, Holds&& holds) {
    const T* data = values.data<const T>();
    for (const Key key : keys) __builtin_prefetch(data + node_of(key));
    return partition_branchless(keys, [&](Key key) { return holds(data[node_of(key)]); });
}

}  // namespace

bool Factor::has_runs() const {
    if (!has_texts()) return !is_inverse;
    // A row with several tags would be in several runs.
    return term.attribute->spec.kind == AttributeKind::category ||
           (!is_inverse && term.codes.size() == 1);
}

size_t Factor::pass(std::span<Key> keys) const {
    const Column& values = term.attribute->values;
    const auto pass_range = [&]<class T>(T low, T high) {
        return pass_values<T>(values, keys, [&, low, high](T value) {
            return ((value >= low) & (value <= high)) != is_inverse;
        });
    };
    switch (term.kind) {
        case Term::Kind::floats: return pass_range(term.low_float, term.high_float);
        case Term::Kind::integers: return pass_range(term.low, term.high);
        case Term::Kind::bytes:
            return pass_range(static_cast<uint8_t>(term.low), static_cast<uint8_t>(term.high));
        default: break;
    }
    if (term.attribute->spec.kind == AttributeKind::category && term.codes.size() == 1)
        return pass_range(term.codes[0], term.codes[0]);
    for (const Key key : keys) __builtin_prefetch(values.at(node_of(key)));
    return partition_branchless(
        keys, [&](Key key) { return vecq::holds(term, node_of(key)) != is_inverse; });
}

std::shared_ptr<const OrderedCondition> OrderedCondition::of(Predicate predicate) {
    std::shared_ptr<OrderedCondition> found(new OrderedCondition(std::move(predicate)));
    const auto clauses = found->predicate_.clauses({kMaxClauses, kMaxFactors});
    if (!clauses) return nullptr;
    for (const Predicate::Clause& clause : *clauses) {
        found->clauses_.push_back(clause_of(clause));
        if (std::ranges::none_of(found->clauses_.back(), &Factor::has_runs)) return nullptr;
    }
    std::ranges::stable_sort(found->clauses_, {}, shape_of);
    return found;
}

OrderedCondition::Shape OrderedCondition::shape() const {
    Shape shape;
    for (const Clause& clause : clauses_) shape.push_back(shape_of(clause));
    return shape;
}

}  // namespace vecq
