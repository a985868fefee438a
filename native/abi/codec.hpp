// The handle of a codec.
#pragma once

#include "quant/codec.hpp"

struct vecq_codec {
    vecq::Codec codec;
};
