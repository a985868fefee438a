// Tests that the kernel ABI refuses every bad argument and names it.
#include <cstring>

#include "base/memory.hpp"
#include "check.hpp"
#include "sized.hpp"
#include "vecq_internal.h"

namespace {

bool is_refusal(vecq_status status, const vecq_error& error, const char* argument) {
    return status == VECQ_INVALID_ARGUMENT && std::strcmp(error.argument, argument) == 0 &&
           std::strstr(error.message, argument) != nullptr;
}

constexpr size_t kDim = 100, kRows = 3;

struct Sample {
    vecq::Memory rows{kRows * 128};
    int8_t query[kDim] = {};
    uint32_t ids[kRows] = {0, 1, 2};
    int32_t dots[kRows] = {};
    vecq_error error = {};

    bool refuses_dot_rows(const char* argument, int32_t width, size_t dim, const void* q,
                          const void* r, size_t row_count, const uint32_t* i, size_t count,
                          void* out) {
        const vecq_status status =
            vecq_dot_rows(width, dim, q, r, row_count, i, count, out, &error);
        return is_refusal(status, error, argument);
    }

    bool refuses_dot_block(const char* argument, size_t dim, const void* q, size_t query_count,
                           const void* r, size_t row_count, void* out) {
        const vecq_status status =
            vecq_dot_block(VECQ_INT8, dim, q, query_count, r, row_count, out, &error);
        return is_refusal(status, error, argument);
    }
};

}  // namespace

TEST(abi_row_bytes) {
    vecq_error error;
    size_t bytes = 0;
    CHECK(vecq_row_bytes(VECQ_INT8, 65, &bytes, &error) == VECQ_OK && bytes == 128, bytes);
    CHECK(vecq_row_bytes(VECQ_FP32, 65535, &bytes, nullptr) == VECQ_OK && bytes == 262144, bytes);
    CHECK(is_refusal(vecq_row_bytes(VECQ_INT8, 0, &bytes, &error), error, "dim"));
    CHECK(is_refusal(vecq_row_bytes(VECQ_INT8, 65536, &bytes, &error), error, "dim"));
    CHECK(is_refusal(vecq_row_bytes(VECQ_INT8, SIZE_MAX, &bytes, &error), error, "dim"));
    CHECK(is_refusal(vecq_row_bytes(VECQ_INT8, 1, nullptr, &error), error, "bytes"));
    CHECK(is_refusal(vecq_row_bytes(4, 1, &bytes, &error), error, "width"));
    CHECK(vecq_row_bytes(VECQ_INT8, 0, &bytes, nullptr) == VECQ_INVALID_ARGUMENT);
}

TEST(abi_dot_rows_refuses) {
    Sample s;
    void* rows = s.rows.as<void>();
    CHECK(vecq_dot_rows(VECQ_INT8, kDim, s.query, rows, kRows, s.ids, kRows, s.dots, &s.error) ==
          VECQ_OK);
    CHECK(vecq_dot_rows(VECQ_INT8, kDim, s.query, nullptr, 0, nullptr, 0, nullptr, &s.error) ==
          VECQ_OK);
    const auto refuses = [&](auto... arguments) { return s.refuses_dot_rows(arguments...); };
    CHECK(refuses("dim", VECQ_INT8, size_t{0}, s.query, rows, kRows, s.ids, kRows, s.dots));
    CHECK(refuses("query", VECQ_INT8, kDim, nullptr, rows, kRows, s.ids, kRows, s.dots));
    CHECK(refuses("rows", VECQ_INT8, kDim, s.query, nullptr, kRows, s.ids, kRows, s.dots));
    CHECK(refuses("rows", VECQ_INT8, kDim, s.query, s.rows.as<char>() + 1, kRows, s.ids, kRows,
                  s.dots));
    CHECK(refuses("ids", VECQ_INT8, kDim, s.query, rows, kRows, nullptr, kRows, s.dots));
    CHECK(refuses("ids", VECQ_INT8, kDim, s.query, rows, kRows - 1, s.ids, kRows, s.dots));
    CHECK(refuses("dots", VECQ_INT8, kDim, s.query, rows, kRows, s.ids, kRows, nullptr));
    CHECK(
        refuses("row_count", VECQ_INT8, kDim, s.query, rows, SIZE_MAX / 64, s.ids, kRows, s.dots));
    CHECK(refuses("count", VECQ_INT8, kDim, s.query, rows, kRows, s.ids, SIZE_MAX, s.dots));
}

TEST(abi_dot_block_refuses) {
    Sample s;
    void* rows = s.rows.as<void>();
    const auto refuses = [&](auto... arguments) { return s.refuses_dot_block(arguments...); };
    CHECK(refuses("queries", kDim, nullptr, size_t{1}, rows, kRows, s.dots));
    CHECK(refuses("query_count", kDim, s.query, SIZE_MAX, rows, kRows, s.dots));
    CHECK(refuses("query_count", size_t{1}, s.query, size_t{1} << 62, rows, kRows, s.dots));
    CHECK(refuses("rows", kDim, s.query, size_t{1}, nullptr, kRows, s.dots));
    CHECK(refuses("rows", kDim, s.query, size_t{1}, s.rows.as<char>() + 8, kRows, s.dots));
    CHECK(refuses("row_count", kDim, s.query, size_t{1}, rows, SIZE_MAX, s.dots));
    CHECK(refuses("dots", kDim, s.query, size_t{1}, rows, kRows, nullptr));
    CHECK(vecq_dot_block(VECQ_INT8, kDim, s.query, 0, nullptr, 0, nullptr, &s.error) == VECQ_OK);
}

TEST(abi_pack_rows) {
    Sample s;
    int8_t elements[kRows * kDim];
    for (size_t i = 0; i < sizeof elements; ++i) elements[i] = static_cast<int8_t>(i - 128);
    CHECK(vecq_pack_rows(VECQ_INT8, kDim, elements, kRows, s.rows.as<void>(), nullptr) == VECQ_OK);
    for (size_t r = 0; r < kRows; ++r)
        for (size_t i = 0; i < 128; ++i)
            CHECK(s.rows.as<uint8_t>()[r * 128 + i] ==
                      (i < kDim ? elements[r * kDim + i] + 128 : 128),
                  r, i);
    CHECK(is_refusal(vecq_pack_rows(VECQ_INT8, kDim, nullptr, kRows, s.rows.as<void>(), &s.error),
                     s.error, "elements"));
    CHECK(is_refusal(vecq_pack_rows(VECQ_INT8, kDim, elements, kRows, nullptr, &s.error), s.error,
                     "rows"));
    CHECK(
        is_refusal(vecq_pack_rows(VECQ_INT8, kDim, elements, SIZE_MAX, s.rows.as<void>(), &s.error),
                   s.error, "count"));
}

TEST(abi_accepts_unaligned_queries) {
    Sample s;
    alignas(64) char bytes[kDim * 4 + 1] = {};
    const float one = 1.0F;
    for (size_t i = 0; i < kDim; ++i) std::memcpy(bytes + 1 + i * 4, &one, 4);
    const vecq::Memory rows(448);
    std::fill_n(rows.as<float>(), kDim, 2.0F);
    float dot = 0;
    const uint32_t id = 0;
    CHECK(vecq_dot_rows(VECQ_FP32, kDim, bytes + 1, rows.as<void>(), 1, &id, 1, &dot, nullptr) ==
          VECQ_OK);
    CHECK(dot == 200.0F, dot);
    CHECK(vecq_dot_block(VECQ_FP32, kDim, bytes + 1, 1, rows.as<void>(), 1, &dot, nullptr) ==
          VECQ_OK);
    CHECK(dot == 200.0F, dot);
}

TEST(abi_isa) {
    vecq_error error;
    auto isa = samples::sized<vecq_isa>();
    bool active_is_listed = false;
    const char* active = nullptr;
    CHECK(vecq_isa_active(&active, &error) == VECQ_OK);
    for (size_t i = 0; i < vecq_isa_count(); ++i) {
        CHECK(vecq_isa_get(i, &isa, &error) == VECQ_OK);
        active_is_listed |= std::strcmp(isa.name, active) == 0 && isa.unavailable_reason == nullptr;
    }
    CHECK(active_is_listed, active);
    CHECK(is_refusal(vecq_isa_get(vecq_isa_count(), &isa, &error), error, "number"));
    CHECK(is_refusal(vecq_isa_get(0, nullptr, &error), error, "isa"));
    CHECK(is_refusal(vecq_isa_active(nullptr, &error), error, "name"));
}
