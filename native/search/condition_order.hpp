// Orders of rows in which a condition allows a few runs: by a number, by the texts of an attribute,
// or by texts and then by a number.
#pragma once

#include <compare>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "rows/index_state.hpp"
#include "search/predicate.hpp"

namespace vecq {

// A condition of at most one term on texts and ranges of one number, which must all hold. The texts
// are those of a category, or one tag.
class OrderedCondition {
public:
    // Null for other predicates.
    static std::shared_ptr<const OrderedCondition> of(Predicate predicate);
    OrderedCondition(const OrderedCondition&) = delete;
    OrderedCondition& operator=(const OrderedCondition&) = delete;

    // The numbers of both attributes. Conditions of one key have one order.
    struct Key {
        size_t texts, numbers;
        auto operator<=>(const Key&) const = default;
    };
    Key key() const;
    bool holds(uint32_t row) const { return predicate_.holds(row); }

private:
    friend class ConditionOrder;
    explicit OrderedCondition(Predicate predicate) : predicate_(std::move(predicate)) {}
    bool take(const Predicate::Factor& factor);

    Predicate predicate_;
    std::optional<Term> texts_, numbers_;
    bool is_inverse_ = false;  // whether the texts must not hold
};

// The rows that a condition allows: places of the order, ascending and disjoint, and those of
// `tested` for which the condition holds.
struct AllowedRuns {
    std::vector<PlaceRun> runs;
    std::vector<uint32_t> tested;

    size_t places() const {
        size_t sum = 0;
        for (const PlaceRun& run : runs) sum += run.end - run.begin;
        return sum;
    }
};

class ConditionOrder {
public:
    // The order for `uses` conditions of the key of `one`; null if there is none yet.
    static std::optional<ConditionOrder> of(const IndexState& state, const OrderedCondition& one,
                                            size_t uses);

    std::span<const uint32_t> in_order() const;
    // Rows of the columns that were ordered, in their version.
    size_t rows() const { return postings_ != nullptr ? postings_->rows() : numbers_->rows(); }
    const AttributeVersion& version() const { return version_; }
    // Null if the condition allows too many runs.
    std::optional<AllowedRuns> runs_of(const OrderedCondition& condition) const;

private:
    // Calls visit(first, last) for ranges of codes that the texts of a condition allow.
    template <class Visit>
    void each_code_range(const OrderedCondition& condition, Visit&& visit) const;
    size_t most_runs(const OrderedCondition& condition) const;
    size_t codes() const { return postings_ != nullptr ? postings_->codes() : nested_->codes(); }

    std::shared_ptr<const Postings> postings_;  // of texts alone, otherwise null
    std::shared_ptr<const OrderedRows> numbers_;
    std::shared_ptr<const NestedOrder> nested_;  // of both
    AttributeVersion version_;
};

}  // namespace vecq
