// Checks of the descriptions of attributes, which several entries share.
#pragma once

#include <vector>

#include "rows/attribute_spec.hpp"
#include "vecq.h"

namespace vecq {

std::vector<AttributeSpec> checked_attributes(const vecq_attribute* given, size_t count);

}  // namespace vecq
