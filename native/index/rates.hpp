// What the machine allows: how fast rows come from memory, and how fast they are scored.
#pragma once

#include <cstddef>

#include "base/layout.hpp"

namespace vecq {

struct Rates {
    double read;     // rows per second, at random from all, asked for ahead
    double cached;   // the same, from few rows that stay in the first cache
    double scored;   // rows per second, scored from there
    double latency;  // seconds until a line comes that was not asked for ahead
    double peak;     // multiply-adds per second of blocks of queries, from registers alone
};

// For `count` rows of that kind, on one thread.
Rates measure_rates(Width width, size_t dim, size_t count);

}  // namespace vecq
