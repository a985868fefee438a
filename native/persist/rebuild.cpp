// The steps that refit and compaction share: begin, fill new arrays, exchange.
#include "persist/rebuild.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include "base/status.hpp"

namespace vecq {
namespace {

constexpr size_t kRowsPerStep = size_t{1} << 14;

}  // namespace

RebuildTask::RebuildTask(IndexState& state, IndexLocks& locks, RebuildHooks hooks)
    : state_(state), locks_(locks), hooks_(std::move(hooks)), rows_(begin()) {}

size_t RebuildTask::begin() const {
    const std::lock_guard changes(locks_.changes);
    if (locks_.is_saving) refuse("index", "index is being saved, wait for the save to finish");
    hooks_.begin();
    locks_.is_rebuilding = true;
    return state_.rows.slots().extent();
}

RebuildTask::~RebuildTask() {
    const std::lock_guard changes(locks_.changes);
    locks_.is_rebuilding = false;
}

Progress RebuildTask::step() {
    const size_t total = rows_ + 1;
    if (done_ < rows_) {
        const size_t count = std::min(kRowsPerStep, rows_ - done_);
        rebuild(done_, count);
        done_ += count;
    } else if (done_ < total) {
        const std::lock_guard changes(locks_.changes);
        {
            const auto alone = locks_.searches.write();
            exchange();
        }
        done_ = total;
        hooks_.finished();
    }
    return {done_, total};
}

}  // namespace vecq
