// The handles of indexes, filters and groups.
#pragma once

#include <memory>
#include <utility>

#include "abi/arguments.hpp"
#include "index/index.hpp"

struct vecq_index {
    template <class... Arguments>
    explicit vecq_index(Arguments&&... arguments) : index(std::forward<Arguments>(arguments)...) {}
    vecq::Index index;
};

struct vecq_filter {
    std::unique_ptr<vecq::Filter> filter;
};

struct vecq_groups {
    vecq::Groups groups;
};

namespace vecq {

// Returns the exclusions of `count` queries. Throws if offsets are negative or descending.
inline Exclusions checked_exclusions(const int64_t* offsets, const int64_t* ids, size_t count) {
    if (offsets == nullptr) return {};
    for (size_t i = 0; i < count; ++i)
        if (offsets[i] < 0 || offsets[i + 1] < offsets[i])
            refuse("exclude",
                   "exclude has negative or descending offsets at query " + std::to_string(i));
    if (count > 0 && offsets[count] > offsets[0]) require(ids, "exclude_ids");
    return {offsets, ids};
}

}  // namespace vecq
