// Tests that memory is aligned and zero, grows with its contents, and fails cleanly.
#include "base/memory.hpp"

#include <cstdint>
#include <new>

#include "check.hpp"

using vecq::Memory;

TEST(memory_is_aligned_and_zero) {
    for (size_t bytes : {size_t{1}, size_t{64}, size_t{65}, size_t{5} << 20}) {
        const Memory memory(bytes);
        CHECK(vecq::is_line_aligned(memory.as<void>()), bytes);
        size_t sum = 0;
        for (size_t i = 0; i < bytes; ++i) sum += memory.as<unsigned char>()[i];
        CHECK(sum == 0, bytes);
    }
    CHECK(Memory(0).as<void>() == nullptr);
}

TEST(memory_keeps_its_contents_when_it_grows) {
    Memory memory(1);
    size_t before = 1, bytes = 3;
    for (; bytes < size_t{40} << 20; before = bytes, bytes = bytes * 5 / 3) {
        memory.as<unsigned char>()[before - 1] = 7;
        memory.grow(bytes);
        const unsigned char* all = memory.as<unsigned char>();
        CHECK(memory.bytes() == bytes && vecq::is_line_aligned(all) && all[before - 1] == 7, bytes);
        size_t sum = 0;
        for (size_t i = before; i < bytes; ++i) sum += all[i];
        CHECK(sum == 0, bytes);
    }
    const Memory other(before + (size_t{4} << 20));
    bool refused = false;
    try {
        memory.grow(SIZE_MAX / 2);
    } catch (const std::bad_alloc&) {
        refused = true;
    }
    CHECK(refused && memory.bytes() == before && memory.as<unsigned char>()[2] == 7);
}

TEST(memory_refuses_impossible_sizes) {
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
