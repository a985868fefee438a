// The codec's handle, which an index is opened with.
#pragma once

#include "quant/codec.hpp"

struct vecq_codec {
    vecq::Codec codec;
};
