// The rows for which expressions over attributes hold, evaluated once and kept for later searches.
//
// A result is kept for its text, the most recently used ones up to a limit of memory. After changes
// of few rows it is updated by testing these rows; otherwise it is evaluated again.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "rows/index_state.hpp"
#include "search/filter.hpp"
#include "search/predicate.hpp"

namespace vecq {

class WhereFilters {
public:
    // Returns the rows that an expression allows, of those that `filter` allows; null: all items.
    // The index must not change during the call. Thread-safe. Throws as parse_where does.
    std::shared_ptr<const Passing> passing(const IndexState& state, std::string_view where,
                                           const std::shared_ptr<const Passing>& filter);
    // Throws unless the expression is valid.
    void check(const IndexState& state, std::string_view where);

private:
    // What is known of an expression. Parts are replaced as a whole.
    struct Known {
        std::shared_ptr<const Predicate> predicate;
        size_t text_count = 0;  // of all attributes, when the predicate was compiled
        // Bits of all rows, also of those without items. Often those of `passing`.
        std::shared_ptr<const Bitset> bits;
        size_t rows = 0;
        AttributeVersion version;
        // The allowed rows, of a filter and a state of the slots.
        std::shared_ptr<const Passing> passing, filter;
        uint64_t slots_version = 0;
    };

    Known known(std::string_view where);
    void keep(std::string_view where, Known known, size_t bytes_each);
    static void compile(const IndexState& state, std::string_view where, Known& known);
    static std::optional<Bitset> evaluate(const IndexState& state, Known& known, size_t capacity);

    using Recent = std::list<std::pair<std::string, Known>>;

    std::mutex mutex_;
    Recent recent_;  // most recently used first
    std::unordered_map<std::string_view, Recent::iterator> by_text_;
};

}  // namespace vecq
