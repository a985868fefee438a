// The orders in which conditions of one shape are scanned.
//
// Of each clause one or two factors drive the scan: those that allow the fewest rows. Other factors
// are tested late, for rows that score well, as is whether an earlier order had the row.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "kernels/top_k.hpp"
#include "search/condition_order.hpp"

namespace vecq {

class OrderChoice {
public:
    using Conditions = std::span<const std::shared_ptr<const OrderedCondition>>;

    // Null if a clause has no order yet. The conditions have one shape.
    static std::optional<OrderChoice> of(const IndexState& state, Conditions conditions);

    // They are scanned one after the other.
    const std::vector<ConditionOrder>& orders() const { return orders_; }
    // Returns the places that a condition allows, ascending and disjoint, per order; none if it has
    // too many runs. `stale` as in ConditionOrder.
    std::optional<std::vector<std::vector<PlaceRun>>>
    runs_of(const OrderedCondition& condition, std::span<const uint32_t> stale) const;
    // Whether rows at allowed places of an order must be tested.
    bool needs_test(size_t order) const;
    // Moves the keys of rows that may be returned to the front and returns their number. All keys
    // are at allowed places of `order`.
    size_t pass(const OrderedCondition& condition, size_t order, std::span<Key> keys) const;

private:
    struct Choice {
        size_t order;
        Drivers drivers;
        size_t factors;  // number
        bool is_alone;   // whether no other clause has the order
    };

    bool add(const IndexState& state, Conditions conditions, size_t clause);
    size_t pass_clause(const OrderedCondition& condition, size_t clause, bool has_drivers,
                       std::span<Key> keys) const;

    std::vector<ConditionOrder> orders_;
    std::vector<Choice> clauses_;
};

// Tests the rows that a query keeps of one order.
class ConditionTest final : public KeyTest {
public:
    ConditionTest(const OrderChoice& choice, const OrderedCondition& condition, size_t order)
        : choice_(&choice), condition_(&condition), order_(order) {}

    size_t pass(std::span<Key> keys) const override {
        return choice_->pass(*condition_, order_, keys);
    }

private:
    const OrderChoice* choice_;
    const OrderedCondition* condition_;
    size_t order_;
};

}  // namespace vecq
