// Opens an index from its file. Opening reads only the small sections, so its time does not depend
// on the number of rows; the others are used in place, and walks validate the ids they read.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "persist/sections.hpp"
#include "rows/builder_state.hpp"
#include "rows/index_state.hpp"

namespace vecq {

class IndexReader {
public:
    IndexReader(const std::string& path, bool writable);

    const std::string& path() const { return path_; }
    const IndexOptions& options() const { return options_; }
    const Codec& codec() const { return *codecs_[0]; }
    const Codec* rerank_codec() const { return codecs_[1] ? &*codecs_[1] : nullptr; }

    // Fills a new index of these options and codecs.
    BuilderState fill(IndexState& state) const;
    // Restores a column from its section. An optional column that the file lacks becomes zero.
    void fill_column(Column& column) const;

private:
    void refuse_unknown_sections() const;
    void read_settings();
    void read_attributes();
    Codec read_codec(size_t number) const;
    CostModel costs() const;
    RecallCurve curve() const;
    std::vector<CurvePoint> curve_points(size_t number) const;

    const SectionEntry& entry_of(SectionId id) const;
    // Returns the elements of a section: all of them, or exactly `count`.
    template <class T>
    Array<T> array(SectionId id, size_t per_element = 1) const;
    template <class T>
    Array<T> array(SectionId id, size_t count, size_t per_element, AccessPattern pattern) const;
    template <class T>
    T read_struct(SectionId id, size_t least = sizeof(T)) const;

    void fill_rows(RowTable& rows) const;
    void fill_bias_extremes(IndexState& state) const;
    void fill_texts(Attribute& attribute) const;
    void fill_names(Names& names) const;
    void restore_slots(Slots& slots) const;
    void fill_graph(Graph& graph, bool is_flat) const;
    std::unique_ptr<Cells> cells(const IndexState& state) const;
    Graph::Stored layer(size_t number, size_t degree, size_t most) const;

    std::string path_;
    std::shared_ptr<const MappedFile> file_;
    SavedIndex saved_;
    IndexOptions options_;
    std::optional<Codec> codecs_[2];
};

// Throws if upper layers or row lists of an opened index are inconsistent. Called before the first
// change, which relies on them; walks validate the ids they read.
void require_valid(const IndexState& state);

}  // namespace vecq
