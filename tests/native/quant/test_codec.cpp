// Tests codecs: int16 dots fit 32 bits at every extreme, every engine produces the same codes, and
// clipped values are counted.
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
constexpr double kMaxNorm = 46340;  // of int16 codes, so that dots fit 32 bits

bool is_integer(Width width) { return width != Width::fp32 && width != Width::fp16; }

// Constant, alternating, one-hot, ramp and random vectors, also scaled far beyond the sample range.
std::vector<Vector> extremes(size_t dim) {
    Vector alternating(dim, 1), one_hot(dim), ramp(dim);
    for (size_t i = 1; i < dim; i += 2) alternating[i] = -1;
    one_hot[dim / 2] = -1;
    for (size_t i = 0; i < dim; ++i) ramp[i] = static_cast<float>(i + 1) / static_cast<float>(dim);
    std::vector<Vector> out = {Vector(dim, 1), Vector(dim, -1),      alternating, one_hot,
                               ramp,           random_vector(dim, 1)};
    const size_t unscaled = out.size();
    for (const float factor : {1.7F, 1e3F, 1e30F})
        for (size_t i = 0; i < unscaled; ++i) {
            Vector scaled = out[i];
            for (float& value : scaled) value *= factor;
            out.push_back(scaled);
        }
    return out;
}

Codec fit_codec(size_t dim, const CodecOptions& options, const Engine& engine) {
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

// Vectors encoded to int16, first as queries, then as rows.
class EncodedVectors {
public:
    EncodedVectors(const Codec& codec, const std::vector<Vector>& vectors)
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
    bool operator==(const EncodedVectors& other) const {
        return std::memcmp(at(0), other.at(0), memory_.bytes()) == 0;
    }

private:
    size_t row_bytes_;
    Memory memory_;
};

// Compares the dots of all pairs with `exact`, through both kernels.
void check_dots(const Engine& engine, const EncodedVectors& coded,
                const std::vector<int64_t>& exact) {
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

std::vector<int64_t> exact_dots(const EncodedVectors& coded) {
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

// Returns the rows and constants of all vectors, concatenated.
std::vector<std::byte> encode_rows(const Codec& codec, const std::vector<Vector>& vectors) {
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
            const EncodedVectors coded(fit_codec(dim, options, *engines()[0]), vectors);
            const std::vector<int64_t> exact = exact_dots(coded);
            for (size_t i = 0; i < coded.count(); ++i) {
                const auto norm2 = static_cast<double>(exact[i * coded.count() + i]);
                CHECK(norm2 > 0 && norm2 <= kMaxNorm * kMaxNorm, dim, int(scale), i,
                      std::sqrt(norm2));
            }
            for (const Engine* engine : available) {
                CHECK(EncodedVectors(fit_codec(dim, options, *engine), vectors) == coded,
                      engine->name, dim, int(scale));
                check_dots(*engine, coded, exact);
            }
        }
}

TEST(codec_encodes_alike_on_every_engine) {
    const std::vector<const Engine*> available = available_engines();
    for (size_t dim : {1, 15, 16, 17, 100, 1000})
        for (Width width :
             {Width::fp32, Width::fp16, Width::int16, Width::int8, Width::int12, Width::int4})
            for (Scale scale : kScales) {
                if (scale != Scale::vector && !is_integer(width)) continue;
                const CodecOptions options{
                    .width = width, .scale = scale, .center = dim % 2 == 0, .rotate = true};
                std::vector<Vector> vectors = extremes(dim);
                vectors.push_back(Vector(dim));
                vectors.push_back(Vector(dim, FLT_TRUE_MIN));
                vectors.push_back(Vector(dim, 1e-30F));
                const auto expected = encode_rows(fit_codec(dim, options, *engines()[0]), vectors);
                for (const Engine* engine : available)
                    CHECK(encode_rows(fit_codec(dim, options, *engine), vectors) == expected,
                          engine->name, int(width), dim, int(scale));
            }
}

TEST(codec_counts_values_clipped_by_a_shared_scale) {
    for (Width width : {Width::int4, Width::int8, Width::int12, Width::int16})
        for (Scale scale : {Scale::dimension, Scale::global})
            for (size_t dim : kDims) {
                const Codec codec = fit_codec(dim, {.width = width, .scale = scale}, *engines()[0]);
                RowCoder coder(codec);
                const Memory row(codec.row_bytes());
                Vector far(dim, 1e3F), decoded(dim);
                for (size_t i = 0; i < dim; i += 2) far[i] = -1e3F;
                const RowConstants constants = coder.encode(far.data(), 0, row.as<std::byte>());
                coder.decode(row.as<std::byte>(), constants, decoded.data());
                size_t wrong = 0;  // sign, clip count, or a value outside the sample range -1..1
                for (size_t i = 0; i < dim; ++i)
                    wrong += !(decoded[i] * far[i] > 0 && std::fabs(decoded[i]) < 1.01F &&
                               coder.clipped()[i] == 1);
                CHECK(wrong == 0, int(width), int(scale), dim, wrong);
            }
}
