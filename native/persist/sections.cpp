#include "persist/sections.hpp"

namespace vecq {

bool is_known(SectionId id) {
    return id.kind >= static_cast<uint32_t>(Kind::index) &&
           id.kind <= static_cast<uint32_t>(Kind::vacant);
}

std::string name_of(SectionId id) {
    const std::string rerank = id.number == 0 ? "" : "rerank ";
    const std::string layer = " of layer " + std::to_string(id.number);
    switch (static_cast<Kind>(id.kind)) {
        case Kind::index: return "settings";
        case Kind::codec: return rerank + "codec";
        case Kind::codec_mean: return "mean of the " + rerank + "codec";
        case Kind::codec_scales: return "scales of the " + rerank + "codec";
        case Kind::codes: return rerank + "codes";
        case Kind::constants: return "constants of " + rerank + "codes";
        case Kind::affine: return "factors of " + rerank + "scores";
        case Kind::link_affine: return "factors of links";
        case Kind::ids: return "ids";
        case Kind::links: return "links" + layer;
        case Kind::layer_rows: return "rows" + layer;
        case Kind::layer_below: return "links down" + layer;
        case Kind::entries: return "entries";
        case Kind::near_zero: return "near-zero rows";
        case Kind::order: return "order of rows";
        case Kind::curve: return "recall curve";
        case Kind::vacant: return "vacant rows";
    }
    return "section " + std::to_string(id.kind) + "." + std::to_string(id.number);
}

}  // namespace vecq
