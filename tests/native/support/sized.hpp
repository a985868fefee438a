// Zeroed structs of the ABI with their struct_size, as callers initialize them.
#pragma once

namespace samples {

template <class T>
T sized() {
    T value{};
    value.struct_size = sizeof value;
    return value;
}

}  // namespace samples
