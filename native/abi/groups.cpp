// Entries for groups.
#include "abi/fence.hpp"
#include "abi/handles.hpp"

using namespace vecq;

vecq_status vecq_groups_open(const int64_t* ids, const uint32_t* groups, size_t count,
                             vecq_groups** opened, vecq_error* error) {
    return fenced(error, [&] {
        require(opened, "opened");
        checked(ids, "ids", count, sizeof *ids, "count");
        checked(groups, "groups", count, sizeof *groups, "count");
        checked_range(count, 0, kMaxRows, "count");
        for (size_t i = 0; i < count; ++i)
            if (groups[i] >= count)
                refuse("groups", "groups has " + std::to_string(groups[i]) + " at " +
                                     std::to_string(i) + ", expected numbers below count");
        *opened = new vecq_groups{Groups({ids, count}, {groups, count})};
    });
}

void vecq_groups_close(vecq_groups* groups) { delete groups; }
