// The rows of an attribute of texts in the order of codes, and within a code in the order of a
// second attribute, a number or texts: a text with a range or a text of that one is a run of them.
//
// Like the order of the second attribute, it describes one version of the attributes.
#pragma once

#include <memory>
#include <vector>

#include "rows/text_codes.hpp"

namespace vecq {

class NestedOrder {
public:
    // `order` holds the rows in the order of the second attribute, and belongs to `owner`. Rows
    // that it lacks are left out. Throws if an element is out of range.
    NestedOrder(const TextCodes& coded, std::shared_ptr<const void> owner,
                std::span<const uint32_t> order);

    // Compares as the pointer to the order that this one was made from.
    const void* owner() const { return owner_.get(); }
    // Number of codes, null included.
    size_t codes() const { return starts_.size() - 1; }
    std::span<const uint32_t> in_order() const { return rows_; }
    // The rows of a code at places [begin, end) of the order of the second attribute.
    PlaceRun run(size_t code, size_t begin, size_t end) const;

private:
    std::shared_ptr<const void> owner_;
    std::vector<uint64_t> starts_;         // per code
    std::vector<uint32_t> rows_, places_;  // places in that order, which ascend in a code
};

}  // namespace vecq
