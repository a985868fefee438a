// Entries for the version and the instruction sets.
#include "abi/arguments.hpp"
#include "abi/fence.hpp"
#include "engine/engine.hpp"

using namespace vecq;

const char* vecq_version(void) { return VECQ_VERSION; }

size_t vecq_isa_count(void) { return engines().size(); }

vecq_status vecq_isa_get(size_t number, vecq_isa* isa, vecq_error* error) {
    return fenced(error, [&] {
        checked_struct_size(isa, "isa");
        if (number >= engines().size())
            refuse("number", "number is " + std::to_string(number) + ", expected less than " +
                                 std::to_string(engines().size()));
        const Engine& engine = *engines()[number];
        write_struct(isa, {sizeof *isa, engine.name, engine.missing()}, "isa");
    });
}

vecq_status vecq_isa_active(const char** name, vecq_error* error) {
    return fenced(error, [&] { *require(name, "name") = active_engine().name; });
}
