// Brings what an index's file holds into memory, before it is asked for.
#pragma once

#include "index/index.hpp"
#include "index/task.hpp"

namespace vecq {

enum class Preload : uint8_t {
    nothing,  // but what is locked: upper layers and ids
    walked,   // what walks and scores need
    all,      // also wider codes, and what only additions look at
    copied,   // what walks and scores need, copied to memory that no other process shares
};

class Fetching : public Loops {
public:
    // `lock` pins it. The index must outlive this.
    Fetching(Index& index, Preload what, bool lock);
};

}  // namespace vecq
