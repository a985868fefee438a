// Options of an index, fixed at its creation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "quant/codec.hpp"
#include "rows/attribute_spec.hpp"

namespace vecq {

// The measure by which rows are linked. `moebius` is l2 between x / |x|^2; `layered` is `metric`
// for inner products on several layers, as imported graphs have.
enum class Link : uint8_t { automatic, metric, cosine, moebius, layered };

struct IndexOptions {
    Metric metric = Metric::ip;
    Link link = Link::automatic;
    size_t m = 16;
    size_t ef_construction = 200;
    uint64_t seed = 0;
    std::vector<AttributeSpec> attributes = {};
};

}  // namespace vecq
