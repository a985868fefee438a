// Links the heads of clusters to other clusters.
//
// The candidates of a row all lie near it, so links between clusters would be rare. Incremental
// building has them, because the first rows of a cluster link to rows of others. Here a row is a
// head if its candidates hold no row before it in link order. It gets links from and to the nearest
// of a small sample of rows before it: so every row has a path of links to the first one and back.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "build/bulk_columns.hpp"

namespace vecq {

class BulkHeads {
public:
    // `rows` are all rows of the layer, `heads` some of them, both ascending.
    BulkHeads(const IndexState& state, std::span<const uint32_t> rows, std::vector<uint32_t> heads);

    // Does a part of the work, some tens of milliseconds, on several threads.
    void step(size_t threads);
    bool is_done() const { return next_ == heads_.size(); }

    // Copies at most `most` links from a row, nearest first, and returns their number.
    size_t copy_links(uint32_t row, size_t most, uint32_t* links) const;

private:
    static constexpr size_t kLinksPerHead = 3;

    struct Link {
        uint32_t from;
        Neighbor to;
        auto operator<=>(const Link&) const = default;
    };

    const IndexState& state_;
    const std::vector<uint32_t> heads_, sample_;
    std::vector<std::unique_ptr<BulkColumns>> columns_;  // the sample, per worker
    std::vector<std::vector<Neighbor>> found_;           // per head
    std::vector<Link> links_;                            // sorted
    size_t next_ = 0;                                    // first head that is not processed
};

}  // namespace vecq
