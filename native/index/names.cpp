// The part of the Index that numbers string ids.
#include <algorithm>

#include "base/status.hpp"
#include "index/index.hpp"

namespace vecq {
namespace {

// Strings that are numbered per write lock: about 0.1 ms.
constexpr size_t kNamedTogether = 1024;
// Names of removed items are dropped when there are as many as half of the items, and this many.
constexpr size_t kFewestUnused = 1024;

}  // namespace

bool Index::has_names() const {
    return inspect([](const IndexState& state) { return state.rows.ids().names().is_active(); });
}

uint64_t Index::names_version() const {
    return inspect([](const IndexState& state) { return state.rows.ids().names().version(); });
}

void Index::use_names(bool names) {
    const auto changes = lock_changes();
    IdMap& ids = state_.rows.ids();
    if (ids.names().is_active() == names) return;
    if (state_.rows.size() > 0 || locks_.is_saving)
        refuse("id_type", "id_type can't change while the index has items or is being saved");
    const auto alone = locks_.searches.write();
    ids.names().replace(names ? Names::make() : Names());
}

void Index::name_ids(std::span<const std::string_view> names, int64_t* ids) {
    const auto changes = lock_changes();
    Names& own = state_.rows.ids().names();
    if (!own.is_active()) refuse("ids", "ids has strings, but the index has integer ids");
    for (size_t i = 0; i < names.size(); ++i) require_valid_name(names[i], "ids", i);
    drop_unused_names();
    own.find(names, ids);  // only changes write names, and none runs
    size_t count = 0, bytes = 0;
    for (size_t i = 0; i < names.size(); ++i) {
        if (ids[i] >= 0) continue;
        ++count;
        bytes += names[i].size();
    }
    if (count == 0) return;
    auto slots = own.larger_slots(count);
    {
        const auto alone = locks_.searches.write();
        own.reserve(count, bytes);
        own.use_slots(std::move(slots));
    }
    for (size_t first = 0; first < names.size(); first += kNamedTogether) {
        const auto alone = locks_.searches.write();
        for (size_t i = first; i < std::min(names.size(), first + kNamedTogether); ++i)
            if (ids[i] < 0) ids[i] = own.insert(names[i], !locks_.is_saving);
    }
}

uint64_t Index::find_ids(std::span<const std::string_view> names, int64_t* ids) const {
    return inspect([&](const IndexState& state) {
        const Names& own = state.rows.ids().names();
        own.find(names, ids);
        return own.version();
    });
}

// Refuses ids that are no numbers of strings, if the index has string ids.
void Index::require_names(const int64_t* ids, size_t count) const {
    const Names& names = state_.rows.ids().names();
    if (!names.is_active()) return;
    if (ids == nullptr && count > 0)
        refuse("ids", "ids is None, expected a string per item: the index has string ids");
    for (size_t i = 0; i < count; ++i)
        if (names[ids[i]].empty())
            refuse("ids", "ids has " + std::to_string(ids[i]) + " at " + std::to_string(i) +
                              ", which is not the number of a string");
}

// Called with IndexLocks::changes held. Their numbers become free, so no addition may be open.
void Index::drop_unused_names() {
    IdMap& ids = state_.rows.ids();
    const size_t items = state_.rows.slots().count();
    if (ids.names().count() <= items + std::max(items / 2, kFewestUnused)) return;
    if (locks_.is_saving || builder_.is_adding()) return;
    Names used = ids.names().used(ids.used_numbers());
    const auto alone = locks_.searches.write();
    ids.names().replace(std::move(used));
}

}  // namespace vecq
