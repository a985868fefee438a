#include "index/rates.hpp"

#include "abi/arguments.hpp"
#include "abi/fence.hpp"
#include "graph/layer.hpp"

using namespace vecq;

vecq_status vecq_measure_rates(int32_t width, size_t dim, size_t count, vecq_rates* rates,
                               vecq_error* error) {
    return fenced(error, [&] {
        const Width checked_width = checked_enum(width, Width::int8, "width");
        check_dim(dim);
        checked_range(count, 1, kMaxRows, "count");
        const Rates found = measure_rates(checked_width, dim, count);
        *require(rates, "rates") = {found.read, found.cached, found.scored, found.latency,
                                    found.peak};
    });
}
