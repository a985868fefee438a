// How walks keep rejected and excluded rows out of their results.
#pragma once

#include "search/request.hpp"

namespace vecq {

// Sets how a walk of `request` routes through rejected rows, where `passing` rows are allowed.
void set_routing(RowFilter& filter, const Request& request, size_t passing);

// Excluded rows may be dropped after a walk instead of filtered on its way, where the beam has
// `places` more so that as many other rows remain. That costs less for few rows.
struct Dropping {
    bool is_chosen = false;
    size_t places = 0;
};

// Looks at the whole call, so that results do not depend on how threads share it.
Dropping dropping_of(const Request& request);

}  // namespace vecq
