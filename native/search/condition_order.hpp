// Orders of rows in which factors of conditions allow a few runs: by a number, by the texts of an
// attribute, or by texts and then by a second attribute.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "rows/index_state.hpp"
#include "search/ordered_condition.hpp"

namespace vecq {

// The factors of a clause that choose the rows to scan; the others are tested.
struct Drivers {
    static constexpr size_t kNone = SIZE_MAX;
    size_t first, second = kNone;  // numbers of factors

    size_t count() const { return second == kNone ? 1 : 2; }
};

class ConditionOrder {
public:
    // More runs cost more than they save.
    static constexpr size_t kMaxRuns = 64;

    // The order for `uses` conditions with the attributes of these drivers of a clause; null if
    // there is none yet.
    static std::optional<ConditionOrder> of(const IndexState& state,
                                            const OrderedCondition::Clause& clause, Drivers drivers,
                                            size_t uses);

    std::span<const uint32_t> in_order() const;
    bool is_same_as(const ConditionOrder& other) const {
        return nested_ == other.nested_ && postings_ == other.postings_ &&
               numbers_ == other.numbers_;
    }
    // Rows of the columns that were ordered, in their version.
    size_t rows() const { return postings_ != nullptr ? postings_->rows() : numbers_->rows(); }
    const AttributeVersion& version() const { return version_; }
    // Whether a row may be at several places.
    bool repeats_rows() const { return repeats_rows_; }
    // Share of the rows that a factor allows, of the attribute of texts or else of the number.
    double share_of(const Factor& factor) const;
    // Appends the places that the drivers of a clause allow. `stale` are rows that changed since,
    // ascending, which may be at any place. Returns false if there are too many runs.
    bool add_runs(const OrderedCondition::Clause& clause, Drivers drivers,
                  std::span<const uint32_t> stale, std::vector<PlaceRun>& runs) const;

private:
    // Calls visit(first, last) for ranges of codes that a factor allows, of `codes` in all.
    template <class Visit>
    static void each_code_range(const Factor& factor, size_t codes, Visit&& visit);
    std::vector<PlaceRun> runs_of_one(const Factor& factor, std::span<const uint32_t> stale) const;
    PlaceRun run_of_numbers(const Term& term, std::span<const uint32_t> stale) const;

    // Of the only attribute, or of the second one: of texts, otherwise null, or of a number.
    std::shared_ptr<const Postings> postings_;
    std::shared_ptr<const OrderedRows> numbers_;
    std::shared_ptr<const NestedOrder> nested_;  // of both
    AttributeVersion version_;
    bool repeats_rows_ = false;
};

}  // namespace vecq
