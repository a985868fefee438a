// The list of engines, and the choice of the active one.
#include "engine/engine.hpp"

#include <cstdlib>
#include <string>

#include "base/status.hpp"
#include "engine/list.hpp"

namespace vecq {

namespace {

// The build lists the addresses of the engines that it compiles, the best last.
constexpr const Engine* kEngines[] = {VECQ_ENGINES};

const Engine& best_engine() {
    const Engine* best = kEngines[0];
    for (const Engine* engine : kEngines)
        if (engine->missing() == nullptr) best = engine;
    return *best;
}

const Engine& named_engine(const std::string& name) {
    std::string names;
    for (const Engine* engine : kEngines) {
        names += std::string(names.empty() ? "" : ", ") + engine->name;
        if (name != engine->name) continue;
        if (const char* reason = engine->missing())
            throw Error(VECQ_UNSUPPORTED, "VECQ_ISA", "VECQ_ISA=" + name + ": " + reason);
        return *engine;
    }
    throw Error(VECQ_UNSUPPORTED, "VECQ_ISA", "VECQ_ISA=" + name + ": expected one of " + names);
}

const Engine& chosen_engine() {
    const char* forced = std::getenv("VECQ_ISA");
    return forced == nullptr || *forced == '\0' ? best_engine() : named_engine(forced);
}

}  // namespace

std::span<const Engine* const> engines() { return kEngines; }

const Engine& active_engine() {
    static const Engine& active = chosen_engine();
    return active;
}

}  // namespace vecq
