#include "base/pool.hpp"

#include "vecq.h"

void vecq_shutdown(void) { vecq::end_workers(); }
