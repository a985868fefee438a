// Entries for codecs: encoding, decoding and scoring of arrays.
#include <memory>

#include "abi/arguments.hpp"
#include "abi/codec.hpp"
#include "abi/fence.hpp"
#include "engine/engine.hpp"
#include "rows/batch_coding.hpp"

using namespace vecq;

static_assert(sizeof(vecq_row_constants) == sizeof(RowConstants));

namespace {

CodecOptions checked_options(const vecq_codec_options& given) {
    CodecOptions options;
    options.width = checked_width(given.width);
    options.scale = checked_enum(given.scale, Scale::global, "scale");
    options.calibration = checked_enum(given.calibration, Calibration::entropy, "calibration");
    if (given.percentile != 0) options.percentile = given.percentile;
    options.center = given.center != 0;
    options.rotate = given.rotate != 0;
    options.unbiased = given.unbiased != 0;
    options.seed = given.seed;
    return options;
}

const float* checked_vectors(const float* vectors, const char* argument, size_t count, size_t dim,
                             const char* count_argument) {
    return checked(vectors, argument, count, dim * sizeof(float), count_argument);
}

CodedRows checked_coded_rows(const Codec& codec, const void* rows,
                             const vecq_row_constants* constants, size_t count,
                             const char* count_argument) {
    const Rows all = checked_rows(codec.width(), codec.dim(), rows, count, count_argument);
    checked(constants, "constants", count, sizeof *constants, count_argument);
    return {all.data, reinterpret_cast<const RowConstants*>(constants), count};
}

}  // namespace

vecq_status vecq_codec_open(const vecq_codec_options* options, size_t dim, vecq_codec** codec,
                            vecq_error* error) {
    return fenced(error, [&] {
        require(codec, "codec");
        check_dim(dim);
        *codec = new vecq_codec{Codec(dim, checked_options(read_struct(options, "options")),
                                      active_engine().quantizing)};
    });
}

void vecq_codec_close(vecq_codec* codec) { delete codec; }

vecq_status vecq_codec_row_bytes(const vecq_codec* codec, size_t* bytes, vecq_error* error) {
    return fenced(error,
                  [&] { *require(bytes, "bytes") = require(codec, "codec")->codec.row_bytes(); });
}

vecq_status vecq_codec_fit(vecq_codec* codec, const float* sample, size_t count,
                           vecq_error* error) {
    return fenced(error, [&] {
        Codec& own = require(codec, "codec")->codec;
        own.fit(checked_vectors(sample, "sample", count, own.dim(), "count"), count);
    });
}

vecq_status vecq_codec_parameters(const vecq_codec* codec, const float** mean, size_t* mean_count,
                                  const float** scales, size_t* scale_count, vecq_error* error) {
    return fenced(error, [&] {
        const Codec& own = require(codec, "codec")->codec;
        *require(mean, "mean") = own.mean().data();
        *require(mean_count, "mean_count") = own.mean().size();
        *require(scales, "scales") = own.scales().data();
        *require(scale_count, "scale_count") = own.scales().size();
    });
}

vecq_status vecq_codec_restore(vecq_codec* codec, const float* mean, size_t mean_count,
                               const float* scales, size_t scale_count, vecq_error* error) {
    return fenced(error, [&] {
        checked(mean, "mean", mean_count, sizeof *mean, "mean_count");
        checked(scales, "scales", scale_count, sizeof *scales, "scale_count");
        require(codec, "codec")->codec.restore({mean, mean_count}, {scales, scale_count});
    });
}

vecq_status vecq_codec_encode(const vecq_codec* codec, const float* vectors, size_t count,
                              size_t first_row, size_t threads, void* rows,
                              vecq_row_constants* constants, uint64_t* clipped, vecq_error* error) {
    return fenced(error, [&] {
        const Codec& own = require(codec, "codec")->codec;
        checked_vectors(vectors, "vectors", count, own.dim(), "count");
        checked_coded_rows(own, rows, constants, count, "count");
        encode_rows(own, vectors, count, first_row, threads, static_cast<std::byte*>(rows),
                    reinterpret_cast<RowConstants*>(constants), require(clipped, "clipped"));
    });
}

vecq_status vecq_codec_decode(const vecq_codec* codec, const void* rows,
                              const vecq_row_constants* constants, size_t count, size_t threads,
                              float* vectors, vecq_error* error) {
    return fenced(error, [&] {
        const Codec& own = require(codec, "codec")->codec;
        checked_vectors(vectors, "vectors", count, own.dim(), "count");
        decode_rows(own, checked_coded_rows(own, rows, constants, count, "count"), threads,
                    vectors);
    });
}

vecq_status vecq_codec_score(const vecq_codec* codec, int32_t metric, int32_t query_bits,
                             const float* queries, size_t query_count, const void* rows,
                             const vecq_row_constants* constants, size_t row_count, size_t threads,
                             float* scores, vecq_error* error) {
    return fenced(error, [&] {
        const Codec& own = require(codec, "codec")->codec;
        const Metric checked_metric = checked_enum(metric, Metric::l2, "metric");
        const int bits = checked_query_bits(query_bits);
        checked_vectors(queries, "queries", query_count, own.dim(), "query_count");
        const CodedRows all = checked_coded_rows(own, rows, constants, row_count, "row_count");
        check_size(query_count, std::max<size_t>(row_count, 1) * sizeof(float), "query_count");
        if (query_count == 0 || row_count == 0) return;
        require(scores, "scores");
        score_rows(own, checked_metric, bits, queries, query_count, all, threads, scores);
    });
}
