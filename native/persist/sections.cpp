// The names of file sections.
#include "persist/sections.hpp"

namespace vecq {

namespace {

// Returns an empty string for a kind that this release does not know.
std::string known_name(SectionId id) {
    for (const ColumnSpec& spec : kTableColumns)
        if (spec.section == id) return spec.name;
    const std::string rerank = id.number == 0 ? "" : id.number == 1 ? "rerank " : "centroid ";
    const std::string attribute = " of attribute " + std::to_string(id.number);
    const std::string layer = " of layer " + std::to_string(id.number);
    switch (static_cast<Kind>(id.kind)) {
        case Kind::index: return "settings";
        case Kind::codec: return rerank + "codec";
        case Kind::codec_mean: return "mean of the " + rerank + "codec";
        case Kind::codec_scales: return "scales of the " + rerank + "codec";
        case Kind::codes: return rerank + "codes";
        case Kind::constants: return "constants of " + rerank + "codes";
        case Kind::affine: return rerank + "score affines";
        case Kind::ids: return "ids";
        case Kind::links: return "links" + layer;
        case Kind::layer_rows: return "rows" + layer;
        case Kind::layer_below: return "lower nodes" + layer;
        case Kind::entries: return "entry points";
        case Kind::near_zero: return "near-zero rows";
        case Kind::order: return "insertion order";
        case Kind::curve:
            if (id.number == 0) return "recall curve";
            return id.number == 1 ? "recall curve of probes" : "numbers of rescored candidates";
        case Kind::vacant: return "vacant rows";
        case Kind::bias: return "rows of extreme biases";
        case Kind::attributes: return "attributes";
        case Kind::attribute_values: return "values" + attribute;
        case Kind::attribute_ends: return "text ends" + attribute;
        case Kind::attribute_texts: return "texts" + attribute;
        case Kind::attribute_sets: return "tag sets" + attribute;
        case Kind::names: return "settings of string ids";
        case Kind::name_entries: return "offsets of string ids";
        case Kind::name_bytes: return "string ids";
        case Kind::name_slots: return "hash table of string ids";
        case Kind::walk_affine: return rerank + "walk affines";
        case Kind::scan_affine: return rerank + "scan affines";
        case Kind::row_affine: return "affines in codes";
        case Kind::cells: return "settings of cells";
        case Kind::cell_rows: return "rows of cells";
        case Kind::cell_ends: return "ends of cells";
        case Kind::cell_changes: return "changed rows of cells";
        default: return {};
    }
}

}  // namespace

bool is_known(SectionId id) { return !known_name(id).empty(); }

std::string name_of(SectionId id) {
    if (is_known(id)) return known_name(id);
    return "section " + std::to_string(id.kind) + "." + std::to_string(id.number);
}

}  // namespace vecq
