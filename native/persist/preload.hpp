// Loads sections of a mapped index file into memory before searches touch them.
#pragma once

#include <functional>

#include "base/task.hpp"
#include "rows/index_state.hpp"

namespace vecq {

enum class Preload : uint8_t {
    nothing,  // with `lock`, still pins upper layers and ids
    walked,   // sections that walks and scans read
    all,      // also rerank codes and sections that only changes read
    copied,   // as `walked`, copied to memory that no other process shares
};

class PreloadTask : public LoopTask {
public:
    // `lock` pins the pages. `copy` copies searched arrays out of the mapping. The index must
    // outlive the task.
    PreloadTask(const IndexState& state, Preload what, bool lock, std::function<void()> copy);
};

}  // namespace vecq
