// Structs of the ABI, empty but for their size, as callers make them.
#pragma once

namespace samples {

template <class T>
T sized() {
    T made{};
    made.struct_size = sizeof made;
    return made;
}

}  // namespace samples
