// Builds the bitmap of a filter and keeps it up to date by replaying changes.
#include "search/filter.hpp"

#include <bit>
#include <string>
#include <utility>

#include "base/status.hpp"
#include "engine/engine.hpp"
#include "search/planner.hpp"

namespace vecq {
namespace {

size_t count_of(const Bitset& bits) {
    return active_engine().comparing.count(bits.words(), bits.word_count());
}

// Adds rows up to `rows`, all allowed or all not.
void extend(Passing& passing, size_t rows, bool pass) {
    passing.bits.grow(rows);
    if (rows > passing.rows) passing.bits.fill(passing.rows, rows, pass);
    passing.rows = rows;
}

}  // namespace

Passing::Passing(Bitset allowed, size_t rows)
    : bits(std::move(allowed)), rows(rows), count(count_of(bits)) {}

bool Passing::is_listed() const {
    return static_cast<double>(count) < kListedShare * static_cast<double>(rows);
}

const Passing::List& Passing::list() const {
    std::call_once(listing_, [this] {
        list_.rows.resize(count);
        list_.before.resize(bits.word_count());
        uint32_t* next = list_.rows.data();
        for (size_t at = 0; at < bits.word_count(); ++at) {
            list_.before[at] = static_cast<uint32_t>(next - list_.rows.data());
            for (uint64_t word = bits.word(at); word != 0; word &= word - 1)
                *next++ = static_cast<uint32_t>(at * 64 + std::countr_zero(word));
        }
    });
    return list_;
}

Filter::Filter(const IndexState& state, FairSharedMutex& searches, const Choice* allow,
               const Choice* deny)
    : state_(state),
      searches_(searches),
      changes_(state.rows.changes()),
      passes_later_rows_(
          (allow == nullptr || (allow->filter != nullptr && allow->filter->passes_later_rows_)) &&
          (deny == nullptr || deny->filter == nullptr || !deny->filter->passes_later_rows_)) {
    const auto lock = searches.read();
    auto passing = std::make_shared<Passing>();
    choose(*passing, allow, deny);
    passing->count = count_of(passing->bits);
    passing_ = std::move(passing);
    changes_->add_listener(this);
}

Filter::~Filter() { changes_->remove_listener(this); }

void Filter::choose(Passing& passing, const Choice* allow, const Choice* deny) const {
    const Slots& slots = state_.rows.slots();
    passing.changes = changes_->count();
    extend(passing, slots.extent(), allow == nullptr);
    if (allow != nullptr) assign_chosen(passing, *allow, true, "allow");
    if (deny != nullptr) assign_chosen(passing, *deny, false, "deny");
    if (const uint64_t* visible = slots.visible()) passing.bits.intersect(visible);
}

void Filter::assign_chosen(Passing& passing, const Choice& choice, bool pass,
                           const char* argument) const {
    const IdMap& ids = state_.rows.ids();
    const size_t count = state_.rows.slots().count();
    if (choice.filter != nullptr) {
        if (!choice.filter->belongs_to(state_))
            refuse(argument, std::string(argument) + " belongs to another index");
        const std::shared_ptr<const Passing> other = choice.filter->passing();
        pass ? passing.bits.unite(other->bits.words()) : passing.bits.subtract(other->bits.words());
    } else if (choice.ids != nullptr) {
        ids.prepare();
        for (size_t i = 0; i < choice.count; ++i)
            if (const uint32_t row = ids.find(choice.ids[i]); row < passing.rows)
                passing.bits.assign(row, pass);
    } else {
        if (choice.count != count)
            refuse(argument, std::string(argument) + " has " + std::to_string(choice.count) +
                                 " flags, expected one for each of " + std::to_string(count) +
                                 " items, in the order they were added");
        size_t at = 0;
        for (const uint32_t row : ids.in_order())
            if (state_.rows.slots().is_visible(row) && at < count && choice.mask[at++] != 0)
                passing.bits.assign(row, pass);
    }
}

size_t Filter::count() const {
    const auto lock = searches_.read();
    return passing()->count;
}

std::shared_ptr<const Passing> Filter::passing() const {
    const std::lock_guard lock(updating_);
    const size_t extent = state_.rows.slots().extent();
    // Walks may read the bits of rows that are being linked.
    const size_t bits = state_.graph.rows();
    if (passing_->rows == extent && passing_->changes == changes_->count() &&
        passing_->bits.capacity() >= bits)
        return passing_;
    auto updated = std::make_shared<Passing>(passing_->bits, passing_->rows);
    updated->changes = passing_->changes;
    updated->bits.grow(bits);
    extend(*updated, extent, passes_later_rows_);
    replay(*updated);
    updated->count = count_of(updated->bits);
    passing_ = updated;
    return passing_;
}

void Filter::replay(Passing& passing) const {
    for (const Change& change : changes_->since(passing.changes)) {
        bool passes = change.kind == Change::Kind::added && passes_later_rows_;
        if (change.kind == Change::Kind::moved) {
            passes = passing.bits.test(change.from);
            passing.bits.clear(change.from);
        }
        passing.bits.assign(change.row, passes);
    }
    passing.changes = changes_->count();
}

}  // namespace vecq
