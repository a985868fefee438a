// Records changes while filters listen, and has them replayed before the log grows too long.
#include "rows/change_log.hpp"

#include <algorithm>
#include <new>

namespace vecq {
namespace {

// A log of at most this many changes is not trimmed.
constexpr size_t kShortLog = 4096;

}  // namespace

void ChangeLog::record(const Change& change) {
    const std::lock_guard lock(mutex_);
    if (!listeners_.empty()) changes_.push_back(change);
}

void ChangeLog::trim(size_t rows) {
    if (changes_.size() > rows + kShortLog) replay();
}

void ChangeLog::replay() {
    const std::lock_guard lock(mutex_);
    for (const ChangeListener* listener : listeners_) listener->replay_changes();
    dropped_ += changes_.size();
    changes_.clear();
    is_behind_ = false;
}

void ChangeLog::try_to_replay() noexcept try {
    is_behind_ = true;
    replay();
} catch (const std::bad_alloc&) {}

void ChangeLog::require_replayed() {
    if (is_behind_) replay();
}

void ChangeLog::reserve(size_t changes) {
    const std::lock_guard lock(mutex_);
    if (!listeners_.empty()) changes_.reserve(changes_.size() + changes);
}

void ChangeLog::add_listener(const ChangeListener* listener) {
    const std::lock_guard lock(mutex_);
    listeners_.push_back(listener);
}

void ChangeLog::remove_listener(const ChangeListener* listener) {
    const std::lock_guard lock(mutex_);
    std::erase(listeners_, listener);
}

}  // namespace vecq
