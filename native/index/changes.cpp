#include "index/changes.hpp"

#include <algorithm>
#include <new>

#include "index/filter.hpp"

namespace vecq {
namespace {

// A list no longer than this is not worth a look.
constexpr size_t kShort = 4096;

}  // namespace

void Changes::note(const Change& change) {
    const std::lock_guard lock(watching_);
    if (!filters_.empty()) log_.push_back(change);
}

void Changes::catch_up(size_t rows) {
    if (log_.size() > rows + kShort) bring_up();
}

// Brings all changes to the filters.
void Changes::bring_up() {
    const std::lock_guard lock(watching_);
    for (const Filter* filter : filters_) filter->passing();
    dropped_ += log_.size();
    log_.clear();
    behind_ = false;
}

void Changes::try_to_bring_up() noexcept try {
    behind_ = true;
    bring_up();
} catch (const std::bad_alloc&) {}

void Changes::require_brought_up() {
    if (behind_) bring_up();
}

void Changes::reserve(size_t notes) {
    const std::lock_guard lock(watching_);
    if (!filters_.empty()) log_.reserve(log_.size() + notes);
}

void Changes::watch(const Filter* filter) {
    const std::lock_guard lock(watching_);
    filters_.push_back(filter);
}

void Changes::leave(const Filter* filter) {
    const std::lock_guard lock(watching_);
    std::erase(filters_, filter);
}

}  // namespace vecq
