// The rows of an attribute of texts in the order of codes, and within a code in the order of a
// number: a text with a range of that number is a run of them.
//
// Like the order of the number that it refers to, it describes one version of the attributes.
#pragma once

#include <memory>
#include <vector>

#include "rows/text_codes.hpp"
#include "rows/ordered_rows.hpp"

namespace vecq {

class NestedOrder {
public:
    // Rows without a number are left out. Throws if an element is out of range.
    NestedOrder(const TextCodes& coded, std::shared_ptr<const OrderedRows> numbers);

    const std::shared_ptr<const OrderedRows>& numbers() const { return numbers_; }
    // Number of codes, null included.
    size_t codes() const { return starts_.size() - 1; }
    std::span<const uint32_t> in_order() const { return rows_; }
    // The rows of a code at places [begin, end) of the order of numbers.
    PlaceRun run(size_t code, size_t begin, size_t end) const;

private:
    std::shared_ptr<const OrderedRows> numbers_;
    std::vector<uint64_t> starts_;         // per code
    std::vector<uint32_t> rows_, places_;  // places in the order of numbers, which ascend in a code
};

}  // namespace vecq
