// Brings what an index's file holds into memory before searches touch it.
#pragma once

#include <functional>

#include "base/task.hpp"
#include "rows/index_state.hpp"

namespace vecq {

enum class Preload : uint8_t {
    nothing,  // but what is locked: upper layers and ids
    walked,   // what walks and scores read
    all,      // also rerank codes and what only changes read
    copied,   // what walks and scores read, copied to memory that no other process shares
};

class PreloadTask : public LoopTask {
public:
    // `lock` pins the pages. `copy` moves what searches read out of the mapping. The index must
    // outlive this.
    PreloadTask(const IndexState& state, Preload what, bool lock, std::function<void()> copy);
};

}  // namespace vecq
