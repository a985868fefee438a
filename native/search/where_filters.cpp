#include "search/where_filters.hpp"

#include <algorithm>
#include <utility>

#include "search/where.hpp"

namespace vecq {
namespace {

// Memory of the results that are kept, and their numbers at least and at most.
constexpr size_t kMaxBytes = size_t{64} << 20, kMinResults = 4, kMaxResults = 256;
// A result is updated row by row if at most this many rows have changed, or this share of all.
constexpr size_t kFewRows = 256, kChangedShare = 256;

}  // namespace

void WhereFilters::check(const IndexState& state, std::string_view where) {
    Known known = this->known(where);
    if (known.predicate == nullptr) compile(state, where, known);
}

std::shared_ptr<const Passing> WhereFilters::passing(const IndexState& state,
                                                     std::string_view where,
                                                     const std::shared_ptr<const Passing>& filter) {
    const Slots& slots = state.rows.slots();
    Known known = this->known(where);
    if (known.predicate == nullptr || known.text_count != state.rows.attributes().text_count())
        compile(state, where, known);
    // Walks may read the bits of rows that are being linked.
    const size_t capacity = state.graph.rows();
    std::optional<Bitset> fresh = evaluate(state, known, capacity);
    const bool is_same = !fresh && known.passing != nullptr &&
                         known.slots_version == slots.version() && known.filter == filter &&
                         known.passing->bits.capacity() >= capacity;
    if (is_same) return known.passing;
    if (fresh && filter == nullptr && slots.visible() == nullptr) {
        known.passing = std::make_shared<const Passing>(std::move(*fresh), known.rows);
        known.bits = {known.passing, &known.passing->bits};
    } else {
        if (fresh) known.bits = std::make_shared<const Bitset>(std::move(*fresh));
        Bitset allowed = *known.bits;
        allowed.grow(capacity);
        if (filter != nullptr)
            allowed.intersect(filter->bits.words());
        else if (const uint64_t* visible = slots.visible())
            allowed.intersect_first(visible, known.rows);
        known.passing = std::make_shared<const Passing>(std::move(allowed), known.rows);
    }
    known.filter = filter;
    known.slots_version = slots.version();
    keep(where, known, known.passing->bits.capacity() / 4 + where.size());
    return known.passing;
}

void WhereFilters::compile(const IndexState& state, std::string_view where, Known& known) {
    const Attributes& attributes = state.rows.attributes();
    known = {};
    known.predicate = std::make_shared<const Predicate>(parse_where(where, attributes));
    known.text_count = attributes.text_count();
}

// Returns the bits of all rows, unless those that are known are up to date.
std::optional<Bitset> WhereFilters::evaluate(const IndexState& state, Known& known,
                                             size_t capacity) {
    const Attributes& attributes = state.rows.attributes();
    const size_t rows = state.rows.slots().extent();
    const AttributeVersion version = attributes.version();
    if (known.bits != nullptr && known.rows == rows && known.version == version) return {};
    const size_t limit = std::max(kFewRows, rows / kChangedShare);
    const auto changed = attributes.changed_since(known.version);
    const bool is_near = known.bits != nullptr && known.rows <= rows && changed &&
                         changed->size() + rows - known.rows <= limit;
    Bitset bits;
    if (is_near) {
        bits = *known.bits;
        bits.grow(std::max(rows, capacity));
        const auto test = [&](uint32_t row) { bits.assign(row, known.predicate->holds(row)); };
        for (const uint32_t row : *changed)
            if (row < rows) test(row);
        for (size_t row = known.rows; row < rows; ++row) test(static_cast<uint32_t>(row));
    } else {
        bits = known.predicate->evaluate(attributes, rows, capacity);
    }
    known.rows = rows;
    known.version = version;
    return bits;
}

WhereFilters::Known WhereFilters::known(std::string_view where) {
    const std::lock_guard lock(mutex_);
    const auto found = by_text_.find(where);
    if (found == by_text_.end()) return {};
    recent_.splice(recent_.begin(), recent_, found->second);
    return found->second->second;
}

void WhereFilters::keep(std::string_view where, Known known, size_t bytes_each) {
    const std::lock_guard lock(mutex_);
    if (const auto found = by_text_.find(where); found != by_text_.end()) {
        found->second->second = std::move(known);
        return;
    }
    recent_.emplace_front(where, std::move(known));
    by_text_.emplace(recent_.front().first, recent_.begin());
    const size_t most =
        std::clamp(kMaxBytes / std::max<size_t>(bytes_each, 1), kMinResults, kMaxResults);
    while (recent_.size() > most) {
        by_text_.erase(recent_.back().first);
        recent_.pop_back();
    }
}

}  // namespace vecq
