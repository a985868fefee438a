#include "index/filter.hpp"

#include <bit>
#include <string>

#include "base/status.hpp"

namespace vecq {
namespace {

void set(std::vector<uint64_t>& bits, uint32_t row, bool passes) {
    const uint64_t bit = uint64_t{1} << row % 64;
    bits[row / 64] = passes ? bits[row / 64] | bit : bits[row / 64] & ~bit;
}

// Once the bits are set.
void count_and_list(Passing& passing) {
    passing.count = 0;
    passing.list.clear();
    passing.before.clear();
    for (const uint64_t word : passing.bits)
        passing.count += static_cast<size_t>(std::popcount(word));
    if (static_cast<double>(passing.count) >= kWorthListing * static_cast<double>(passing.rows))
        return;
    passing.list.reserve(passing.count);
    passing.before.reserve(passing.bits.size());
    for (size_t at = 0; at < passing.bits.size(); ++at) {
        passing.before.push_back(static_cast<uint32_t>(passing.list.size()));
        for (uint64_t word = passing.bits[at]; word != 0; word &= word - 1)
            passing.list.push_back(
                static_cast<uint32_t>(at * 64 + static_cast<size_t>(std::countr_zero(word))));
    }
}

// All rows from `first` on, whether they pass.
void extend(Passing& passing, size_t rows, bool pass) {
    passing.bits.resize(std::max(passing.bits.size(), (rows + 63) / 64));
    for (size_t row = passing.rows; row < rows; ++row)
        set(passing.bits, static_cast<uint32_t>(row), pass);
    passing.rows = rows;
}

}  // namespace

Filter::Filter(const Index& index, const Choice* allow, const Choice* deny)
    : index_(index),
      changes_(index.changes_),
      later_((allow == nullptr || (allow->filter != nullptr && allow->filter->later_)) &&
             (deny == nullptr || deny->filter == nullptr || !deny->filter->later_)) {
    index.look([&] {
        auto passing = std::make_shared<Passing>();
        choose(*passing, allow, deny);
        count_and_list(*passing);
        passing_ = std::move(passing);
        changes_->watch(this);
    });
}

Filter::~Filter() { changes_->leave(this); }

void Filter::choose(Passing& passing, const Choice* allow, const Choice* deny) const {
    const Slots& slots = index_.slots_;
    passing.changes = changes_->count();
    extend(passing, slots.extent(), allow == nullptr);
    if (allow != nullptr) set_chosen(passing, *allow, true, "allow");
    if (deny != nullptr) set_chosen(passing, *deny, false, "deny");
    if (const uint64_t* shown = slots.shown())
        for (size_t i = 0; i < passing.bits.size(); ++i) passing.bits[i] &= shown[i];
}

void Filter::set_chosen(Passing& passing, const Choice& choice, bool pass,
                        const char* argument) const {
    const Ids& ids = index_.ids_;
    const size_t count = index_.slots_.count();
    if (choice.filter != nullptr) {
        if (&choice.filter->index_ != &index_)
            refuse(argument, std::string(argument) + " is a filter of another index");
        const std::shared_ptr<const Passing> other = choice.filter->passing();
        for (size_t i = 0; i < passing.bits.size(); ++i) {
            if (pass)
                passing.bits[i] |= other->bits[i];
            else
                passing.bits[i] &= ~other->bits[i];
        }
    } else if (choice.ids != nullptr) {
        ids.prepare();
        for (size_t i = 0; i < choice.count; ++i) {
            const uint32_t row = ids.find(choice.ids[i]);
            if (row < passing.rows) set(passing.bits, row, pass);
        }
    } else {
        if (choice.count != count)
            refuse(argument, std::string(argument) + " has " + std::to_string(choice.count) +
                                 " flags, expected one for each of " + std::to_string(count) +
                                 " items, in the order they were added");
        size_t at = 0;
        for (const uint32_t row : ids.in_order())
            if (index_.slots_.shows(row) && at < count && choice.mask[at++] != 0)
                set(passing.bits, row, pass);
    }
}

size_t Filter::count() const {
    size_t count = 0;
    index_.look([&] { count = passing()->count; });
    return count;
}

std::shared_ptr<const Passing> Filter::passing() const {
    const std::lock_guard lock(growing_);
    // Walks come to rows that are just being linked.
    const size_t words = (index_.graph_.rows() + 63) / 64;
    if (passing_->rows == index_.slots_.extent() && passing_->changes == changes_->count() &&
        passing_->bits.size() >= words)
        return passing_;
    auto grown = std::make_shared<Passing>(*passing_);
    grown->bits.resize(std::max(grown->bits.size(), words));
    extend(*grown, index_.slots_.extent(), later_);
    replay(*grown);
    count_and_list(*grown);
    passing_ = grown;
    return passing_;
}

void Filter::replay(Passing& passing) const {
    for (const Change& change : changes_->since(passing.changes)) {
        bool passes = change.kind == Change::Kind::added && later_;
        if (change.kind == Change::Kind::moved) {
            passes = (passing.bits[change.from / 64] >> change.from % 64 & 1) != 0;
            set(passing.bits, change.from, false);
        }
        set(passing.bits, change.row, passes);
    }
    passing.changes = changes_->count();
}

}  // namespace vecq
