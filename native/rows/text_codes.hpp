// The codes of a row of texts: one of a category, those of its set of tags.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "rows/tag_sets.hpp"

namespace vecq {

// Places [begin, end) of an order of rows.
struct PlaceRun {
    size_t begin, end;
};

// The stored elements of an attribute, one per row: categories, or with `sets` tags. Codes of texts
// run from 1 to `texts`; 0 is null.
struct TextCodes {
    std::span<const uint32_t> elements;
    size_t texts;
    const TagSets* sets;  // null: categories

    // Calls visit(code) for each code of a row. Throws if its element is out of range.
    template <class Visit>
    void each_code(size_t row, Visit&& visit) const {
        const uint32_t element = elements[row];
        if (element > (sets == nullptr ? texts : sets->size())) refuse(row);
        if (sets == nullptr || element == 0) return visit(element);
        for (const uint32_t tag : (*sets)[element - 1]) visit(tag + 1);
    }

private:
    [[noreturn]] void refuse(size_t row) const;
};

}  // namespace vecq
