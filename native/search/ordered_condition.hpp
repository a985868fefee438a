// A condition as alternatives of factors, some of which allow runs of an order of rows.
#pragma once

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/key.hpp"
#include "search/predicate.hpp"

namespace vecq {

// A term that must hold, or must not if it is inverse.
struct Factor {
    Term term;
    bool is_inverse;

    // Moves the keys of rows for which it holds to the front, and returns their number.
    size_t pass(std::span<Key> keys) const;
    // Whether it allows runs of the rows in the order of its attribute, each row in one of them: a
    // range of a number or of bools, texts of a category, or one tag.
    bool has_runs() const;
    bool has_texts() const { return term.kind == Term::Kind::codes; }
    size_t attribute() const { return term.attribute->number; }
};

class OrderedCondition {
public:
    static constexpr size_t kMaxClauses = 16, kMaxFactors = 32;
    // All factors of a clause must hold. They ascend by attribute, and at least one has runs.
    using Clause = std::vector<Factor>;

    // Null for predicates of more clauses, or with a clause of more factors or without runs.
    static std::shared_ptr<const OrderedCondition> of(Predicate predicate);

    bool holds(uint32_t row) const { return predicate_.holds(row); }
    // The condition holds where any clause does. They ascend by their shapes.
    const std::vector<Clause>& clauses() const { return clauses_; }
    // Per clause and factor the attribute, and whether it has runs. Conditions of one shape choose
    // rows by the same orders.
    using Shape = std::vector<std::vector<std::pair<size_t, bool>>>;
    Shape shape() const;

private:
    explicit OrderedCondition(Predicate predicate) : predicate_(std::move(predicate)) {}

    Predicate predicate_;
    std::vector<Clause> clauses_;
};

}  // namespace vecq
