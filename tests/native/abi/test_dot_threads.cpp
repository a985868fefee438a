// Concurrent scoring of the same rows gives the same scores.
#include <thread>
#include <vector>

#include "base/memory.hpp"
#include "check.hpp"
#include "vecq_internal.h"

TEST(threads_score_the_same_rows) {
    constexpr size_t dim = 100, rows = 50, threads = 4;
    std::vector<int8_t> codes(dim * rows);
    for (size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<int8_t>(i * 31);
    size_t row_bytes = 0;
    CHECK(vecq_row_bytes(VECQ_INT8, dim, &row_bytes, nullptr) == VECQ_OK);
    const vecq::Memory packed(rows * row_bytes);
    CHECK(vecq_pack_rows(VECQ_INT8, dim, codes.data(), rows, packed.as<void>(), nullptr) ==
          VECQ_OK);
    std::vector<int32_t> dots[threads];
    std::vector<std::thread> pool;
    for (auto& own : dots) {
        own.resize(rows * rows);
        pool.emplace_back([&] {
            vecq_dot_block(VECQ_INT8, dim, codes.data(), rows, packed.as<void>(), rows, own.data(),
                           nullptr);
        });
    }
    for (std::thread& thread : pool) thread.join();
    CHECK(dots[0][0] != 0);
    for (const auto& other : dots) CHECK(other == dots[0]);
}
