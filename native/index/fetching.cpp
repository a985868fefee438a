#include "index/fetching.hpp"

#include "index/sections.hpp"

namespace vecq {
namespace {

// Bytes that a step brings in. A multiple of any page.
constexpr size_t kStride = size_t{64} << 20;

// The least that one has to ask for to have such a section.
Preload least_for(SectionId id) {
    switch (static_cast<Kind>(id.kind)) {
        case Kind::codes:
        case Kind::affine: return id.number == 0 ? Preload::walked : Preload::all;
        case Kind::links: return id.number == 0 ? Preload::walked : Preload::nothing;
        case Kind::order:
        case Kind::constants:
        case Kind::link_affine: return Preload::all;
        default: return Preload::nothing;
    }
}

}  // namespace

Fetching::Fetching(Index& index, Preload what, bool lock) {
    const MappedFile* file = index.file();
    if (file == nullptr || (what == Preload::nothing && !lock)) return;
    const Preload wanted = what == Preload::copied ? Preload::walked : what;
    for (const SectionEntry& entry : file->table().sections)
        if (is_known(entry.id) && least_for(entry.id) <= wanted)
            add(entry.bytes(), kStride, [file, entry, lock](size_t from, size_t to) {
                file->fetch(entry.offset + from, to - from, lock);
            });
    if (what == Preload::copied) add(1, 1, [&index](size_t, size_t) { index.own_walked(); });
}

}  // namespace vecq
