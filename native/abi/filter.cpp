// Entries for filters.
#include "abi/fence.hpp"
#include "abi/handles.hpp"

using namespace vecq;

namespace {

Choice checked_choice(const vecq_choice* choice, const char* argument) {
    const vecq_choice given = read_struct(choice, argument);
    check_size(given.count, sizeof *given.ids, argument);
    if (given.count > 0 && given.ids == nullptr && given.mask == nullptr && given.filter == nullptr)
        refuse(argument, std::string(argument) + " has no ids, no mask and no filter");
    static constexpr int64_t nothing = 0;
    const bool chosen = given.mask != nullptr || given.filter != nullptr;
    return {given.ids == nullptr && !chosen ? &nothing : given.ids, given.mask,
            given.filter == nullptr ? nullptr : given.filter->filter.get(), given.count};
}

}  // namespace

vecq_status vecq_filter_open(const vecq_index* index, const vecq_choice* allow,
                             const vecq_choice* deny, vecq_filter** filter, vecq_error* error) {
    return fenced(error, [&] {
        require(filter, "filter");
        Choice allowed, denied;
        if (allow != nullptr) allowed = checked_choice(allow, "allow");
        if (deny != nullptr) denied = checked_choice(deny, "deny");
        auto made = std::make_unique<vecq_filter>();
        made->filter = require(index, "index")
                           ->index.make_filter(allow == nullptr ? nullptr : &allowed,
                                               deny == nullptr ? nullptr : &denied);
        *filter = made.release();
    });
}

void vecq_filter_close(vecq_filter* filter) { delete filter; }

vecq_status vecq_filter_count(const vecq_filter* filter, size_t* count, vecq_error* error) {
    return fenced(error,
                  [&] { *require(count, "count") = require(filter, "filter")->filter->count(); });
}
