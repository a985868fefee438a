// Values of attributes on their way in and out: from the caller's arrays to the form in which rows
// store them, and back.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/fair_mutex.hpp"
#include "rows/attributes.hpp"

namespace vecq {

// The caller's values of one attribute for `count` items.
struct GivenValues {
    std::string_view name;
    // Of each item a float, int64_t, uint8_t (0 or 1), or uint32_t number of a text; for tags the
    // numbers offsets[i] up to offsets[i + 1].
    const void* values;
    const uint8_t* nulls;    // null: no item is; otherwise 1 per item that is
    const int64_t* offsets;  // of tags, count + 1
    // Text i is texts[text_offsets[i]] up to texts[text_offsets[i + 1]].
    const char* texts;
    const int64_t* text_offsets;
    size_t text_count;
};

// Validates all values, then adds new texts and tag sets, while no search runs, a few at a time.
// If it throws, no value has changed; texts may have been added.
std::vector<StoredValues> stored_values(Attributes& attributes, std::span<const GivenValues> given,
                                        size_t count, FairSharedMutex& searches);

// Changes values of visible rows. Searches see all columns of a row change at once.
void set_values(Attributes& attributes, std::span<const uint32_t> rows,
                std::span<const StoredValues> columns, FairSharedMutex& searches);

// Reads the values of rows into the arrays of GivenValues. Of tags `offsets` is always written, and
// `values` if `capacity` suffices. Returns the number of elements of `values`. Throws if a file is
// corrupt.
size_t read_values(const Attribute& attribute, std::span<const uint32_t> rows, void* values,
                   size_t capacity, uint8_t* nulls, int64_t* offsets);

}  // namespace vecq
