// An index from its file. Nothing but a few small sections is read, however large the file: the others
// are used where they lie, and all that walks take from them they check as they go.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "index/index.hpp"
#include "index/sections.hpp"

namespace vecq {

class Index::Opening {
public:
    Opening(const std::string& path, bool writable);

    const IndexOptions& options() const { return options_; }
    const Codec& codec() const { return *codecs_[0]; }
    const Codec* wide_codec() const { return codecs_[1] ? &*codecs_[1] : nullptr; }

    // Gives a new index of these options and codecs what the file holds.
    void fill(Index& index) const;

private:
    void refuse_what_is_unknown() const;
    void read_options();
    Codec read_codec(size_t number) const;
    Pace pace() const;
    Curve curve() const;

    const SectionEntry& entry_of(SectionId id) const;
    // Elements of one section: as many as there are, or as there must be.
    template <class T>
    Array<T> array(SectionId id, size_t per_element = 1) const;
    template <class T>
    Array<T> array(SectionId id, size_t count, size_t per_element, Use use) const;
    template <class T>
    T read_struct(SectionId id, size_t least = sizeof(T)) const;

    void fill_store(Store& store, Array<Affine>& affine, size_t number) const;
    void restore_slots(Slots& slots) const;
    void fill_graph(Graph& graph, bool flat) const;
    Graph::Stored layer(size_t number, size_t degree, size_t most) const;

    std::string path_;
    std::shared_ptr<const MappedFile> file_;
    SavedIndex state_;
    IndexOptions options_;
    std::optional<Codec> codecs_[2];
};

}  // namespace vecq
