// Entries for the biases of items.
#include "abi/bias.hpp"

#include <cmath>

#include "abi/arguments.hpp"
#include "abi/fence.hpp"
#include "abi/handles.hpp"

using namespace vecq;

namespace vecq {

void require_biases(const float* values, size_t count, const char* argument) {
    for (size_t i = 0; i < count; ++i)
        if (!(std::fabs(values[i]) <= kMaxBias))
            refuse(argument, std::string(argument) + " has " + std::to_string(values[i]) + " at " +
                                 std::to_string(i) +
                                 ", expected finite numbers of at most 1e18 in magnitude");
}

}  // namespace vecq

vecq_status vecq_index_give_biases(vecq_index* index, const float* biases, size_t count,
                                   vecq_error* error) {
    return fenced(error, [&] {
        Index& own = require(index, "index")->index;
        checked(biases, "biases", count, sizeof *biases, "count");
        require_biases(biases, count, "biases");
        own.give_biases({biases, count});
    });
}

vecq_status vecq_index_set_biases(vecq_index* index, const int64_t* ids, size_t count,
                                  const float* biases, vecq_error* error) {
    return fenced(error, [&] {
        Index& own = require(index, "index")->index;
        checked(ids, "ids", count, sizeof *ids, "count");
        checked(biases, "biases", count, sizeof *biases, "count");
        require_biases(biases, count, "biases");
        own.set_biases({ids, count}, biases);
    });
}

vecq_status vecq_index_get_biases(const vecq_index* index, const int64_t* ids, size_t count,
                                  float* biases, vecq_error* error) {
    return fenced(error, [&] {
        const Index& own = require(index, "index")->index;
        checked(ids, "ids", count, sizeof *ids, "count");
        own.get_biases({ids, count}, checked(biases, "biases", count, sizeof *biases, "count"));
    });
}
