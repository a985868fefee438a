// Codecs: int16 rows stay short enough for 32 bits at every extreme, every engine makes the same
// codes, and what is clipped is counted.
#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "base/memory.hpp"
#include "check.hpp"
#include "engine/engine.hpp"
#include "quant/query.hpp"
#include "quant/rows.hpp"
#include "random_vector.hpp"

using namespace vecq;
using samples::random_vector;
using samples::Vector;

namespace {

constexpr size_t kDims[] = {1, 2, 3, 63, 64, 65, 128, 1000, 4096, 65535};
constexpr Scale kScales[] = {Scale::vector, Scale::dimension, Scale::global};
constexpr double kNorm = 46340;

bool is_integer(Width width) { return width == Width::int8 || width == Width::int16; }

// All-equal, alternating, one-hot, random, and the same far beyond the range of a sample.
std::vector<Vector> extremes(size_t dim) {
    Vector alternating(dim, 1), one_hot(dim), ramp(dim);
    for (size_t i = 1; i < dim; i += 2) alternating[i] = -1;
    one_hot[dim / 2] = -1;
    for (size_t i = 0; i < dim; ++i) ramp[i] = static_cast<float>(i + 1) / static_cast<float>(dim);
    std::vector<Vector> out = {Vector(dim, 1), Vector(dim, -1),      alternating, one_hot,
                               ramp,           random_vector(dim, 1)};
    const size_t plain = out.size();
    for (const float factor : {1.7F, 1e3F, 1e30F})
        for (size_t i = 0; i < plain; ++i) {
            Vector scaled = out[i];
            for (float& value : scaled) value *= factor;
            out.push_back(scaled);
        }
    return out;
}

Codec fitted(size_t dim, const CodecOptions& options, const Engine& engine) {
    Codec codec(dim, options, engine.quantizing);
    const Vector sample = random_vector(2 * dim, 9);
    if (codec.needs_fit()) codec.fit(sample.data(), 2);
    return codec;
}

std::vector<const Engine*> available_engines() {
    std::vector<const Engine*> out;
    for (const Engine* engine : engines())
        if (const char* reason = engine->missing())
            SKIP(std::string(engine->name) + ": " + reason);
        else
            out.push_back(engine);
    return out;
}

// Queries and then rows, both int16, as a codec and its engine code them.
class Coded {
public:
    Coded(const Codec& codec, const std::vector<Vector>& vectors)
        : row_bytes_(codec.row_bytes()), memory_(2 * vectors.size() * row_bytes_) {
        QueryCoder queries(codec, Metric::ip, 8);
        RowCoder rows(codec);
        std::byte* out = memory_.as<std::byte>();
        for (const Vector& vector : vectors) {
            queries.encode(vector.data(), 0, out);
            rows.encode(vector.data(), 0, out + vectors.size() * row_bytes_);
            out += row_bytes_;
        }
    }

    size_t count() const { return memory_.bytes() / row_bytes_; }
    size_t codes() const { return row_bytes_ / sizeof(int16_t); }
    const int16_t* at(size_t i) const { return memory_.as<int16_t>() + i * codes(); }
    Rows rows() const { return {memory_.as<std::byte>(), row_bytes_, count()}; }
    bool operator==(const Coded& other) const {
        return std::memcmp(at(0), other.at(0), memory_.bytes()) == 0;
    }

private:
    size_t row_bytes_;
    Memory memory_;
};

// Every row with every row, by both kernels.
void check_dots(const Engine& engine, const Coded& coded, const std::vector<int64_t>& exact) {
    const Kernels& kernels = engine[Width::int16];
    const size_t count = coded.count();
    std::vector<uint32_t> ids(count);
    for (size_t i = 0; i < count; ++i) ids[i] = static_cast<uint32_t>(i);
    std::vector<int32_t> dots(count);
    const int32_t sums[kBlockQueries] = {};
    const Memory packed(kernels.packed_bytes(coded.codes()));
    const Memory block(count * kBlockQueries * sizeof(int32_t));
    for (size_t first = 0; first < count; first += kBlockQueries) {
        std::vector<Query> queries;
        for (size_t q = first; q < std::min(count, first + kBlockQueries); ++q) {
            queries.push_back({coded.at(q), 0});
            kernels.dot_rows(queries.back(), coded.rows(), ids.data(), count, dots.data());
            for (size_t r = 0; r < count; ++r)
                CHECK(dots[r] == exact[q * count + r], engine.name, coded.codes(), q, r);
        }
        kernels.pack_block(queries.data(), queries.size(), coded.codes(), packed.as<void>());
        kernels.dot_block({packed.as<void>(), sums, coded.codes()}, coded.rows(), block.as<void>());
        for (size_t r = 0; r < count; ++r)
            for (size_t q = 0; q < queries.size(); ++q)
                CHECK(block.as<int32_t>()[r * kBlockQueries + q] == exact[(first + q) * count + r],
                      engine.name, coded.codes(), first + q, r);
    }
}

std::vector<int64_t> exact_dots(const Coded& coded) {
    const size_t count = coded.count();
    std::vector<int64_t> out(count * count);
    for (size_t i = 0; i < count; ++i)
        for (size_t j = i; j < count; ++j) {
            const int16_t *a = coded.at(i), *b = coded.at(j);
            int64_t sum = 0;
            for (size_t k = 0; k < coded.codes(); ++k) sum += int64_t{a[k]} * b[k];
            out[i * count + j] = out[j * count + i] = sum;
        }
    return out;
}

// Rows and constants of every vector, one after another.
std::vector<std::byte> encoded(const Codec& codec, const std::vector<Vector>& vectors) {
    RowCoder coder(codec);
    std::vector<std::byte> out;
    const Memory row(codec.row_bytes() + sizeof(RowConstants));
    auto* bytes = row.as<std::byte>();
    for (const Vector& vector : vectors) {
        const RowConstants constants = coder.encode(vector.data(), 0, bytes);
        std::memcpy(bytes + codec.row_bytes(), &constants, sizeof constants);
        out.insert(out.end(), bytes, bytes + row.bytes());
    }
    return out;
}

}  // namespace

TEST(codec_int16_dots_fit_32_bits) {
    const std::vector<const Engine*> available = available_engines();
    for (size_t dim : kDims)
        for (Scale scale : kScales) {
            const CodecOptions options{.width = Width::int16, .scale = scale};
            const std::vector<Vector> vectors = extremes(dim);
            const Coded coded(fitted(dim, options, *engines()[0]), vectors);
            const std::vector<int64_t> exact = exact_dots(coded);
            for (size_t i = 0; i < coded.count(); ++i) {
                const auto norm2 = static_cast<double>(exact[i * coded.count() + i]);
                CHECK(norm2 > 0 && norm2 <= kNorm * kNorm, dim, int(scale), i, std::sqrt(norm2));
            }
            for (const Engine* engine : available) {
                CHECK(Coded(fitted(dim, options, *engine), vectors) == coded, engine->name, dim,
                      int(scale));
                check_dots(*engine, coded, exact);
            }
        }
}

TEST(codec_codes_are_the_same_on_every_engine) {
    const std::vector<const Engine*> available = available_engines();
    for (size_t dim : {1, 15, 16, 17, 100, 1000})
        for (Width width : {Width::fp32, Width::fp16, Width::int16, Width::int8})
            for (Scale scale : kScales) {
                if (scale != Scale::vector && !is_integer(width)) continue;
                const CodecOptions options{
                    .width = width, .scale = scale, .center = dim % 2 == 0, .rotate = true};
                std::vector<Vector> vectors = extremes(dim);
                vectors.push_back(Vector(dim));
                vectors.push_back(Vector(dim, FLT_TRUE_MIN));
                vectors.push_back(Vector(dim, 1e-30F));
                const auto expected = encoded(fitted(dim, options, *engines()[0]), vectors);
                for (const Engine* engine : available)
                    CHECK(encoded(fitted(dim, options, *engine), vectors) == expected, engine->name,
                          int(width), dim, int(scale));
            }
}

TEST(codec_counts_what_a_shared_scale_clips) {
    for (Width width : {Width::int8, Width::int16})
        for (Scale scale : {Scale::dimension, Scale::global})
            for (size_t dim : kDims) {
                const Codec codec = fitted(dim, {.width = width, .scale = scale}, *engines()[0]);
                RowCoder coder(codec);
                const Memory row(codec.row_bytes());
                Vector far(dim, 1e3F), back(dim);
                for (size_t i = 0; i < dim; i += 2) far[i] = -1e3F;
                const RowConstants constants = coder.encode(far.data(), 0, row.as<std::byte>());
                coder.decode(row.as<std::byte>(), constants, back.data());
                size_t wrong = 0;  // in sign, or beyond the sample, whose values are within -1..1
                for (size_t i = 0; i < dim; ++i)
                    wrong += !(back[i] * far[i] > 0 && std::fabs(back[i]) < 1.01F &&
                               coder.clipped()[i] == 1);
                CHECK(wrong == 0, int(width), int(scale), dim, wrong);
            }
}
