// A shared library that contains all of vecq, for tests that load and unload it.
#include "indexes.hpp"
#include "loops.hpp"
#include "vecq.h"

#define EXPORTED extern "C" __attribute__((visibility("default")))

// Returns 1 if a search and a parallel loop on `threads` threads succeed.
EXPORTED int unloadable_works(size_t threads) {
    const indexes::Codec codec(VECQ_INT8, 16);
    indexes::Index index(indexes::options_of(VECQ_L2), codec);
    if (!index.add(samples::random_vector(size_t{400} * 16, 1), {}, threads)) return 0;
    vecq_search_options options = indexes::search_of(10);
    options.threads = threads;
    const auto found = index.search(samples::random_vector(size_t{300} * 16, 2), options);
    return found.status == VECQ_OK && loops::all_threads_meet(threads) ? 1 : 0;
}

EXPORTED void unloadable_shutdown() { vecq_shutdown(); }
