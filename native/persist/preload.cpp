// Decides which sections a preload reads, and reads them in steps.
#include "persist/preload.hpp"

#include <utility>

#include "persist/sections.hpp"

namespace vecq {
namespace {

// Bytes per step; a multiple of any page size.
constexpr size_t kStride = size_t{64} << 20;

// Returns the smallest Preload that includes a section.
Preload least_for(const IndexState& state, SectionId id) {
    if (id == section(Kind::links)) return Preload::walked;
    Preload least = id == section(Kind::order) ? Preload::all : Preload::nothing;
    RowTable::each_column(state.rows, [&](const Column& column) {
        if (column.section() == id)
            least = column.spec().is_searched ? Preload::walked : Preload::all;
    });
    return least;
}

}  // namespace

PreloadTask::PreloadTask(const IndexState& state, Preload what, bool lock,
                         std::function<void()> copy) {
    const MappedFile* file = state.file.get();
    if (file == nullptr || (what == Preload::nothing && !lock)) return;
    const Preload wanted = what == Preload::copied ? Preload::walked : what;
    for (const SectionEntry& entry : file->table().sections)
        if (is_known(entry.id) && least_for(state, entry.id) <= wanted)
            add(entry.bytes(), kStride, [file, entry, lock](size_t from, size_t to) {
                file->preload(entry.offset + from, to - from, lock);
            });
    if (what == Preload::copied) add(1, 1, [copy = std::move(copy)](size_t, size_t) { copy(); });
}

}  // namespace vecq
