#include "base/memory.hpp"

#include <cstdint>
#include <new>

#include "check.hpp"

using vecq::Memory;

TEST(memory_is_aligned_and_zero) {
    for (size_t bytes : {size_t{1}, size_t{64}, size_t{65}, size_t{5} << 20}) {
        const Memory memory(bytes);
        CHECK(vecq::aligned_to_line(memory.as<void>()), bytes);
        size_t used = 0;
        for (size_t i = 0; i < bytes; ++i) used += memory.as<unsigned char>()[i];
        CHECK(used == 0, bytes);
    }
    CHECK(Memory(0).as<void>() == nullptr);
}

TEST(memory_refuses_what_cannot_be) {
    for (size_t bytes : {SIZE_MAX, SIZE_MAX / 2, SIZE_MAX - (size_t{2} << 20)}) {
        bool refused = false;
        try {
            const Memory memory(bytes);
        } catch (const std::bad_alloc&) {
            refused = true;
        }
        CHECK(refused, bytes);
    }
}

TEST(memory_moves) {
    Memory first(64);
    first.as<int>()[0] = 7;
    Memory second(std::move(first));
    CHECK(second.as<int>()[0] == 7);
    Memory third;
    third = std::move(second);
    CHECK(third.as<int>()[0] == 7 && third.bytes() == 64);
}
