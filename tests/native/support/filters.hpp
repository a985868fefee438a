// Filters for tests, created through the ABI.
#pragma once

#include <cstring>
#include <vector>

#include "indexes.hpp"
#include "vecq.h"

namespace indexes {

struct Filter {
    vecq_filter* own = nullptr;
    vecq_error error = {};
    vecq_status status;

    Filter(const Index& index, const vecq_choice* allow, const vecq_choice* deny) {
        status = vecq_filter_open(index.own, allow, deny, &own, &error);
    }
    Filter(const Filter&) = delete;
    Filter& operator=(const Filter&) = delete;
    ~Filter() { vecq_filter_close(own); }

    bool refused(const char* argument) const {
        return own == nullptr && status == VECQ_INVALID_ARGUMENT &&
               std::strcmp(error.argument, argument) == 0;
    }
    size_t count() const {
        size_t count = 0;
        vecq_filter_count(own, &count, nullptr);
        return count;
    }
};

inline vecq_choice ids_of(const Ids& ids) {
    return {sizeof(vecq_choice), ids.data(), nullptr, nullptr, ids.size()};
}
inline vecq_choice mask_of(const std::vector<uint8_t>& mask) {
    return {sizeof(vecq_choice), nullptr, mask.data(), nullptr, mask.size()};
}
inline vecq_choice passing(const Filter& filter) {
    return {sizeof(vecq_choice), nullptr, nullptr, filter.own, 0};
}

}  // namespace indexes
