// The state of an index at one moment, section by section, readable during later searches and
// changes. Small sections are copied. Of the large ones only neighbor lists change in place, and
// ListSnapshot preserves those: during a snapshot rows are only appended, no free slot is filled.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "base/bitset.hpp"
#include "graph/list_snapshot.hpp"
#include "rows/builder_state.hpp"
#include "rows/index_state.hpp"

namespace vecq {

class Snapshot {
public:
    // At most one per index, which must outlive it. Calls `builder` under IndexLocks::changes.
    Snapshot(IndexState& state, IndexLocks& locks, const std::function<BuilderState()>& builder);
    ~Snapshot();
    Snapshot(const Snapshot&) = delete;
    Snapshot& operator=(const Snapshot&) = delete;

    // Seconds that changes had to wait.
    double pause() const { return pause_; }

    struct Section {
        SectionId id;
        size_t element_bytes, count;
        bool is_required;
        uint64_t unit;  // a read is a multiple of this many bytes, except the last
        std::function<void(uint64_t from, uint64_t bytes, std::byte* to)> read;
        const char* since = "0.1.0";  // the first release that knows the kind
    };
    // Sections in the order of the file.
    const std::vector<Section>& sections() const { return sections_; }
    void read(const Section& section, uint64_t from, uint64_t bytes, std::byte* to) const;

private:
    void add_all(const BuilderState& builder);
    void add_settings(const BuilderState& builder);
    void add_codec(const CodeStore& codes, size_t number);
    void add_vacant();
    void add_biases();
    void add_upper_layer(size_t number);
    void add_base_layer();
    void add_order();
    void add_attributes();
    void add_names();
    void add_cells();
    template <class T>
    Section& add_copy(SectionId id, std::vector<T> elements, size_t per_element = 1);
    template <class Where>
    Section& add_reference(SectionId id, size_t element_bytes, size_t count, Where where);
    bool has_item(uint32_t row) const;
    void drop_partial_links(const Layer& layer, size_t nodes, size_t first, size_t lists,
                            uint32_t* links) const;

    IndexState& state_;
    IndexLocks& locks_;
    size_t rows_ = 0;
    std::vector<uint64_t> visible_;   // one bit per row; empty: all
    bool has_partial_links_ = false;  // links may lead to rows outside the snapshot
    std::optional<ListSnapshot> lists_;
    std::vector<Section> sections_;
    double pause_ = 0;
};

}  // namespace vecq
