// An index as it was at one time, section by section, to be read at leisure while it is searched and
// changed. What is small is copied. Of what is large only lists of links change in place, and those are
// kept by graph/keeper; rows are only ever added as long as there is a snapshot, for vacant slots wait.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "graph/keeper.hpp"
#include "index/index.hpp"
#include "index/sections.hpp"
#include "storage/format.hpp"

namespace vecq {

class Snapshot {
public:
    // One at a time. The index must outlive it.
    explicit Snapshot(Index& index);
    ~Snapshot();
    Snapshot(const Snapshot&) = delete;
    Snapshot& operator=(const Snapshot&) = delete;

    // How long writers had to wait for it, in seconds.
    double pause() const { return pause_; }

    struct Part {
        SectionId id;
        size_t element_bytes, count;
        bool required;
        uint64_t unit;  // it is read in multiples of so many bytes, but for the last ones
        std::function<void(uint64_t from, uint64_t bytes, std::byte* to)> read;
    };
    // In the order in which they are written.
    const std::vector<Part>& parts() const { return parts_; }
    void read(const Part& part, uint64_t from, uint64_t bytes, std::byte* to) const;

private:
    template <class T>
    Part& keep(SectionId id, std::vector<T> elements, size_t per_element = 1);
    template <class Where>
    void refer(SectionId id, size_t element_bytes, size_t count, Where where);
    void take();
    void take_state();
    void take_shown();
    void take_vacant();
    void take_codec(const Store& store, size_t number);
    void take_upper_layer(size_t number);
    void take_lists();
    void take_order();
    void take_rows(const Store& store, const Array<Affine>& affine, size_t number);
    bool holds(uint32_t row) const;
    void clean(const Layer& layer, size_t count, size_t first, size_t lists, uint32_t* links) const;

    Index& index_;
    size_t rows_ = 0;
    std::vector<uint64_t> shown_;  // a bit for each row; empty: all
    bool stray_ = false;           // links may lead to rows that it does not hold
    std::optional<Keeper> keeper_;
    std::vector<Part> parts_;
    double pause_ = 0;
};

}  // namespace vecq
