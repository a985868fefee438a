// Tests the codec ABI: it names bad arguments, restores fitted parameters and is thread-safe.
#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

#include "base/memory.hpp"
#include "check.hpp"
#include "random_vector.hpp"
#include "vecq.h"

using samples::random_vector;
using samples::Vector;
using vecq::Memory;

namespace {

vecq_codec_options options_of(int32_t width, int32_t scale, int32_t center) {
    return {sizeof(vecq_codec_options), width, scale, VECQ_MINMAX, center, 0, 1, 50, 0};
}

bool is_refusal(vecq_status status, const vecq_error& error, const char* argument) {
    return status == VECQ_INVALID_ARGUMENT && std::strcmp(error.argument, argument) == 0 &&
           std::strstr(error.message, argument) != nullptr;
}

constexpr size_t kDim = 100, kRows = 40;

// A codec with a mean and a shared scale, and the buffers that calls need.
struct Sample {
    vecq_codec* codec = nullptr;
    Vector vectors = random_vector(kRows * kDim, 3), scores = Vector(kRows * kRows);
    Memory rows{kRows * 128};
    vecq_row_constants constants[kRows] = {};
    uint64_t clipped[kDim] = {};
    vecq_error error = {};

    explicit Sample(bool fit = true) {
        const vecq_codec_options options = options_of(VECQ_INT8, VECQ_SCALE_GLOBAL, 1);
        CHECK(vecq_codec_open(&options, kDim, &codec, &error) == VECQ_OK, error.message);
        if (fit) CHECK(vecq_codec_fit(codec, vectors.data(), kRows, &error) == VECQ_OK);
    }
    Sample(const Sample&) = delete;
    Sample& operator=(const Sample&) = delete;
    ~Sample() { vecq_codec_close(codec); }

    vecq_status encode() {
        return vecq_codec_encode(codec, vectors.data(), kRows, 0, 1, rows.as<void>(), constants,
                                 clipped, &error);
    }
};

}  // namespace

TEST(abi_codec_open_refuses) {
    vecq_error error;
    vecq_codec* codec = nullptr;
    const auto refuses = [&](const char* argument, size_t dim, const vecq_codec_options& options) {
        return is_refusal(vecq_codec_open(&options, dim, &codec, &error), error, argument);
    };
    const vecq_codec_options good = options_of(VECQ_INT8, VECQ_SCALE_VECTOR, 0);
    for (size_t dim : {size_t{0}, size_t{65536}, SIZE_MAX}) CHECK(refuses("dim", dim, good), dim);
    for (int32_t value : {-1, VECQ_INT12 + 1, VECQ_INT4 + 1, INT32_MAX, INT32_MIN}) {
        vecq_codec_options bad = good;
        bad.width = value;
        CHECK(refuses("width", 8, bad), value);
        bad = good;
        bad.scale = value;
        CHECK(refuses("scale", 8, bad), value);
        bad = good;
        bad.calibration = value;
        CHECK(refuses("calibration", 8, bad), value);
    }
    for (double value : {-1e-9, -1.0, 100.5, double{NAN}, double{INFINITY}}) {
        vecq_codec_options bad = good;
        bad.percentile = value;
        CHECK(refuses("percentile", 8, bad), value);
    }
    for (int32_t floating : {VECQ_FP32, VECQ_FP16})
        CHECK(refuses("scale", 8, options_of(floating, VECQ_SCALE_GLOBAL, 0)), floating);
    CHECK(is_refusal(vecq_codec_open(nullptr, 8, &codec, &error), error, "options"));
    CHECK(is_refusal(vecq_codec_open(&good, 8, nullptr, &error), error, "codec"));
    CHECK(codec == nullptr);
    vecq_codec_close(nullptr);
}

TEST(abi_codec_fit_and_restore) {
    Sample s(false);
    CHECK(is_refusal(s.encode(), s.error, "codec"));
    const float *mean = nullptr, *scales = nullptr;
    size_t means = 1, scale_count = 1, bytes = 0;
    const auto parameters = [&] {
        return vecq_codec_parameters(s.codec, &mean, &means, &scales, &scale_count, &s.error);
    };
    CHECK(parameters() == VECQ_OK && means == 0 && scale_count == 0);
    CHECK(vecq_codec_row_bytes(s.codec, &bytes, &s.error) == VECQ_OK && bytes == 128, bytes);
    const auto fit = [&](const char* argument, vecq_codec* codec, const float* sample, size_t n) {
        return is_refusal(vecq_codec_fit(codec, sample, n, &s.error), s.error, argument);
    };
    CHECK(fit("codec", nullptr, s.vectors.data(), kRows));
    CHECK(fit("sample", s.codec, nullptr, kRows));
    CHECK(fit("sample", s.codec, s.vectors.data(), 0));
    CHECK(fit("count", s.codec, s.vectors.data(), SIZE_MAX / kDim));
    s.vectors[3 * kDim + 1] = NAN;
    CHECK(fit("sample", s.codec, s.vectors.data(), kRows));
    CHECK(std::strstr(s.error.message, "row 3, column 1") != nullptr, s.error.message);
    CHECK(is_refusal(s.encode(), s.error, "codec"));  // a failed fit leaves the codec unfitted
    s.vectors[3 * kDim + 1] = 0;
    CHECK(vecq_codec_fit(s.codec, s.vectors.data(), kRows, &s.error) == VECQ_OK);
    CHECK(s.encode() == VECQ_OK, s.error.message);
    CHECK(std::count(s.clipped, s.clipped + kDim, 0U) == kDim);
    CHECK(parameters() == VECQ_OK && means == kDim && scale_count == 1);

    Sample copy(false);
    copy.vectors = s.vectors;
    const auto restore = [&](const char* argument, const float* m, size_t m_count, const float* c,
                             size_t c_count) {
        return is_refusal(vecq_codec_restore(copy.codec, m, m_count, c, c_count, &s.error), s.error,
                          argument);
    };
    const float bad[] = {NAN, INFINITY, -1};
    CHECK(restore("mean", nullptr, kDim, scales, 1));
    CHECK(restore("mean", mean, kDim - 1, scales, 1));
    CHECK(restore("mean_count", mean, SIZE_MAX, scales, 1));
    CHECK(restore("scales", mean, kDim, nullptr, 1));
    CHECK(restore("scales", mean, kDim, scales, 0));
    CHECK(restore("scale_count", mean, kDim, scales, SIZE_MAX));
    for (const float& value : bad) CHECK(restore("scales", mean, kDim, &value, 1), value);
    CHECK(restore("mean", Vector(kDim, NAN).data(), kDim, scales, 1));
    CHECK(is_refusal(copy.encode(), copy.error, "codec"));
    CHECK(vecq_codec_restore(copy.codec, mean, kDim, scales, 1, nullptr) == VECQ_OK);
    CHECK(copy.encode() == VECQ_OK);
    CHECK(std::memcmp(copy.rows.as<void>(), s.rows.as<void>(), s.rows.bytes()) == 0);
    CHECK(std::memcmp(copy.constants, s.constants, sizeof s.constants) == 0);

    CHECK(
        is_refusal(vecq_codec_parameters(s.codec, nullptr, &means, &scales, &scale_count, &s.error),
                   s.error, "mean"));
    CHECK(is_refusal(vecq_codec_parameters(s.codec, &mean, &means, &scales, nullptr, &s.error),
                     s.error, "scale_count"));
    CHECK(is_refusal(vecq_codec_row_bytes(s.codec, nullptr, &s.error), s.error, "bytes"));
    CHECK(is_refusal(vecq_codec_row_bytes(nullptr, &bytes, &s.error), s.error, "codec"));
}

TEST(abi_codec_encode_and_decode_refuse) {
    Sample s;
    void *rows = s.rows.as<void>(), *unaligned = s.rows.as<char>() + 8;
    float* all = s.vectors.data();
    const auto encode = [&](const char* argument, auto* codec, const float* vectors, size_t count,
                            void* to, vecq_row_constants* constants, uint64_t* clipped) {
        return is_refusal(
            vecq_codec_encode(codec, vectors, count, 7, 1, to, constants, clipped, &s.error),
            s.error, argument);
    };
    vecq_codec* no_codec = nullptr;
    CHECK(encode("codec", no_codec, all, kRows, rows, s.constants, s.clipped));
    CHECK(encode("vectors", s.codec, nullptr, kRows, rows, s.constants, s.clipped));
    CHECK(encode("count", s.codec, all, SIZE_MAX, rows, s.constants, s.clipped));
    CHECK(encode("count", s.codec, all, SIZE_MAX / 256, rows, s.constants, s.clipped));
    CHECK(encode("rows", s.codec, all, kRows, nullptr, s.constants, s.clipped));
    CHECK(encode("rows", s.codec, all, kRows, unaligned, s.constants, s.clipped));
    CHECK(encode("constants", s.codec, all, kRows, rows, nullptr, s.clipped));
    CHECK(encode("clipped", s.codec, all, kRows, rows, s.constants, nullptr));
    all[5 * kDim + 99] = -INFINITY;
    CHECK(encode("vectors", s.codec, all, kRows, rows, s.constants, s.clipped));
    CHECK(std::strstr(s.error.message, "row 12, column 99") != nullptr, s.error.message);
    all[5 * kDim + 99] = 0;
    CHECK(vecq_codec_encode(s.codec, nullptr, 0, 0, 1, nullptr, nullptr, s.clipped, nullptr) ==
          VECQ_OK);
    CHECK(s.encode() == VECQ_OK);

    const auto decode = [&](const char* argument, auto* codec, const void* from,
                            const vecq_row_constants* constants, size_t count, float* vectors) {
        return is_refusal(vecq_codec_decode(codec, from, constants, count, 1, vectors, &s.error),
                          s.error, argument);
    };
    CHECK(decode("codec", no_codec, rows, s.constants, kRows, all));
    CHECK(decode("rows", s.codec, nullptr, s.constants, kRows, all));
    CHECK(decode("rows", s.codec, unaligned, s.constants, kRows, all));
    CHECK(decode("constants", s.codec, rows, nullptr, kRows, all));
    CHECK(decode("count", s.codec, rows, s.constants, SIZE_MAX / 256, all));
    CHECK(decode("vectors", s.codec, rows, s.constants, kRows, nullptr));
    CHECK(decode("codec", Sample(false).codec, rows, s.constants, kRows, all));
    CHECK(vecq_codec_decode(s.codec, rows, s.constants, kRows, 1, all, nullptr) == VECQ_OK);
}

TEST(abi_codec_score_refuses) {
    Sample s;
    CHECK(s.encode() == VECQ_OK);
    struct Call {
        const vecq_codec* codec;
        const float* queries;
        const void* rows;
        const vecq_row_constants* constants;
        float* scores;
        int32_t metric = VECQ_L2, query_bits = 8;
        size_t query_count = kRows, row_count = kRows;
    };
    const Call good{s.codec, s.vectors.data(), s.rows.as<void>(), s.constants, s.scores.data()};
    const auto score = [&](const Call& c) {
        return vecq_codec_score(c.codec, c.metric, c.query_bits, c.queries, c.query_count, c.rows,
                                c.constants, c.row_count, 1, c.scores, &s.error);
    };
    CHECK(score(good) == VECQ_OK, s.error.message);
    const auto refuses = [&](const char* argument, auto member, auto value) {
        Call bad = good;
        bad.*member = value;
        return is_refusal(score(bad), s.error, argument);
    };
    CHECK(refuses("codec", &Call::codec, nullptr));
    CHECK(refuses("queries", &Call::queries, nullptr));
    CHECK(refuses("rows", &Call::rows, nullptr));
    CHECK(refuses("rows", &Call::rows, s.rows.as<char>() + 32));
    CHECK(refuses("constants", &Call::constants, nullptr));
    CHECK(refuses("scores", &Call::scores, nullptr));
    for (int32_t value : {-1, 3, INT32_MIN}) CHECK(refuses("metric", &Call::metric, value), value);
    for (int32_t value : {-8, 0, 7, 9, 16})
        CHECK(refuses("query_bits", &Call::query_bits, value), value);
    CHECK(refuses("query_count", &Call::query_count, SIZE_MAX));
    CHECK(refuses("query_count", &Call::query_count, SIZE_MAX / 300));
    CHECK(refuses("row_count", &Call::row_count, SIZE_MAX));
    const Sample unfitted(false);
    CHECK(refuses("codec", &Call::codec, static_cast<const vecq_codec*>(unfitted.codec)));
    s.vectors[6 * kDim + 2] = NAN;
    CHECK(is_refusal(score(good), s.error, "queries"));
    CHECK(std::strstr(s.error.message, "row 6, column 2") != nullptr, s.error.message);
    s.vectors[6 * kDim + 2] = 3e38F;  // its square is beyond float32
    CHECK(is_refusal(score(good), s.error, "queries"));
    s.vectors[6 * kDim + 2] = 0;
    for (float value : {FLT_MAX, INFINITY, NAN}) {
        s.constants[4].centered_norm = value;
        CHECK(is_refusal(score(good), s.error, "codes"), value);
    }
    CHECK(vecq_codec_score(s.codec, VECQ_IP, 8, nullptr, 0, nullptr, nullptr, 0, 1, nullptr,
                           nullptr) == VECQ_OK);
}

TEST(threads_share_a_codec) {
    constexpr size_t threads = 4;
    const Sample s;
    // More vectors than one task encodes.
    constexpr size_t count = 3000;
    const Vector vectors = random_vector(count * kDim, 4);
    struct Result {
        Memory rows{count * 128};
        std::vector<vecq_row_constants> constants = std::vector<vecq_row_constants>(count);
        Vector scores = Vector(kRows * count), decoded = Vector(count * kDim);
        std::vector<uint64_t> clipped = std::vector<uint64_t>(kDim);
    };
    std::vector<Result> results(threads);
    std::vector<std::thread> pool;
    for (Result& result : results)
        pool.emplace_back([&] {
            vecq_codec_encode(s.codec, vectors.data(), count, 0, 2, result.rows.as<void>(),
                              result.constants.data(), result.clipped.data(), nullptr);
            vecq_codec_score(s.codec, VECQ_COSINE, 15, s.vectors.data(), kRows,
                             result.rows.as<void>(), result.constants.data(), count, 2,
                             result.scores.data(), nullptr);
            vecq_codec_decode(s.codec, result.rows.as<void>(), result.constants.data(), count, 2,
                              result.decoded.data(), nullptr);
        });
    for (std::thread& thread : pool) thread.join();
    const Result& first = results[0];
    CHECK(first.scores[0] != 0 && first.decoded[0] != 0);
    for (const Result& other : results) {
        CHECK(std::memcmp(other.rows.as<void>(), first.rows.as<void>(), first.rows.bytes()) == 0);
        CHECK(other.scores == first.scores);
        CHECK(other.decoded == first.decoded);
        CHECK(other.clipped == first.clipped);
    }
}
