// Validates an index in steps: file checksums, then every invariant of rows, graph and ids.
#include "persist/check.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "base/status.hpp"
#include "persist/sections.hpp"

namespace vecq {
namespace {

constexpr size_t kStepBytes = size_t{8} << 20, kStepRows = size_t{1} << 16;
// Maximum number of problems listed: one fault may cause many.
constexpr size_t kMaxListed = 100;

bool is_finite(const Affine& affine) { return std::isfinite(affine.a) && std::isfinite(affine.c); }

bool is_finite_norm(float value) { return value >= 0 && std::isfinite(value); }

std::string at_row(const std::string& section, size_t row) {
    return section + ", row " + std::to_string(row);
}

}  // namespace

CheckTask::CheckTask(const IndexState& state, Depth depth, size_t unreachable_allowance)
    : state_(state), unreachable_allowance_(unreachable_allowance) {
    check_sums();
    if (depth == Depth::checksums) return;
    check_near_zero();
    check_numbers();
    for (size_t layer = 0; layer < state_.graph.layers().size(); ++layer) check_layer(layer);
    add(1, 1, [this](size_t, size_t) { check_reachability(); });
    add(1, 1, [this](size_t, size_t) { check_ids(); });
    add(1, 1, [this](size_t, size_t) { check_order(); });
    check_attributes();
    if (state_.rows.ids().names().is_active()) check_names();
    if (state_.cells != nullptr) check_cells();
}

void CheckTask::report(const std::string& where, const std::string& what) {
    if (count_++ < kMaxListed) problems_.push_back({where, what});
}

// Reads the file, not the mapping: private pages of the mapping may have been written to, and a
// failing disk is an error here instead of SIGBUS.
void CheckTask::check_sums() {
    if (state_.file == nullptr) return;
    for (const SectionEntry& entry : state_.file->table().sections) {
        if (entry.bytes() == 0 && entry.checksum != Checksum().value())
            report(name_of(entry.id), "does not match its checksum");
        add(entry.bytes(), kStepBytes,
            [this, entry](size_t from, size_t to) { add_to_sum(entry, from, to); });
    }
}

void CheckTask::add_to_sum(const SectionEntry& entry, size_t from, size_t to) {
    block_.resize(std::max(block_.size(), to - from));
    read_exactly(state_.file->descriptor(), entry.offset + from, block_.data(), to - from);
    sum_.add(block_.data(), to - from);
    if (to == entry.bytes() && std::exchange(sum_, {}).value() != entry.checksum)
        report(name_of(entry.id), "does not match its checksum");
}

void CheckTask::check_numbers() {
    check_store(state_.rows.codes(), "");
    if (const CodeStore* rerank = state_.rows.rerank()) check_store(*rerank, "rerank ");
    if (state_.rows.link().has_affine()) check_link_affines();
    if (state_.rows.biased() != nullptr) check_biases();
}

void CheckTask::check_biases() {
    add(state_.rows.slots().extent(), kStepRows, [this](size_t from, size_t to) {
        const BiasedAffine* biased = state_.rows.biased();
        const Affine* affine = state_.rows.codes().affine();
        for (size_t i = from; i < to; ++i) {
            const auto row = static_cast<uint32_t>(i);
            if (!state_.rows.slots().is_visible(row)) continue;
            if (!std::isfinite(biased[row].bias)) report(at_row("biases", row), "is not finite");
            if (std::memcmp(&biased[row].affine, affine + row, sizeof *affine) != 0)
                report(at_row("biases", row), "does not match the score affines");
        }
    });
}

void CheckTask::check_link_affines() {
    add(state_.rows.slots().extent(), kStepRows, [this](size_t from, size_t to) {
        const Affine* affine = state_.rows.scored_for_links().affine;
        for (size_t i = from; i < to; ++i)
            if (const auto row = static_cast<uint32_t>(i); !is_finite(affine[row]) &&
                                                           state_.rows.slots().is_visible(row) &&
                                                           !state_.near_zero.contains(row))
                report(at_row("link affines", row), "is not finite");
    });
}

void CheckTask::check_store(const CodeStore& codes, const char* name) {
    add(state_.rows.slots().extent(), kStepRows, [this, &codes, name](size_t from, size_t to) {
        for (size_t row = from; row < to; ++row) {
            const RowConstants& own = codes[row];
            if (!is_finite_norm(own.scale) || !is_finite_norm(own.centered_norm) ||
                !is_finite_norm(own.norm))
                report(at_row("constants of " + std::string(name) + "codes", row),
                       "is negative or not finite");
            if (!is_finite(codes.affine()[row]))
                report(at_row(std::string(name) + "score affines", row), "is not finite");
            check_walk_affine(codes, row);
            if (codes.scans_upper_planes() && !is_finite(codes.scan_affine()[row]))
                report(at_row("scan affines", row), "is not finite");
        }
    });
}

void CheckTask::check_walk_affine(const CodeStore& codes, size_t row) {
    if (!codes.has_walk_affines()) return;
    const Affine affine = codes.walk_affine(row);
    if (!is_finite(affine)) report(at_row("walk affines", row), "is not finite");
    if (!codes.has_planes() && std::memcmp(&affine, codes.affine() + row, sizeof affine) != 0)
        report(at_row("walk affines", row), "does not match the score affines");
}

void CheckTask::check_layer(size_t number) {
    add(state_.graph.layers()[number].count, kStepRows, [this, number](size_t from, size_t to) {
        const Graph& graph = state_.graph;
        for (size_t node = from; node < to; ++node) {
            if (number > 0 && !graph.has_place(number, node))
                report("layer " + std::to_string(number) + ", node " + std::to_string(node),
                       "does not match the layer below");
            check_list(number, static_cast<uint32_t>(node));
        }
    });
}

void CheckTask::check_list(size_t number, uint32_t node) {
    const Layer& layer = state_.graph.layers()[number];
    const auto report_list = [&](const std::string& what) {
        report("links of layer " + std::to_string(number) + ", node " + std::to_string(node), what);
    };
    const std::span<const uint32_t> links = layer.links_of(node);
    const uint32_t* end = layer.list(node) + layer.degree;
    if (std::any_of(links.data() + links.size(), end, [](uint32_t to) { return to != kNone; }))
        report_list("has links after its end");
    for (const uint32_t to : links) {
        if (to >= layer.count) report_list("links to node " + std::to_string(to));
        if (to == node) report_list("links to itself");
    }
    uint32_t sorted[kMaxDegree];
    uint32_t* last = std::copy(links.begin(), links.end(), sorted);
    std::sort(sorted, last);
    if (const uint32_t* twice = std::adjacent_find(sorted, last); twice != last)
        report_list("links to node " + std::to_string(*twice) + " twice");
}

void CheckTask::check_reachability() {
    const GraphView graph = state_.graph.view();
    const size_t nodes = graph.layers[graph.layer_count - 1].count;
    for (size_t i = 0; i < graph.entry_count; ++i)
        if (graph.entries[i] >= nodes)
            return report("entry points", "node " + std::to_string(graph.entries[i]) +
                                              " is out of range, expected below " +
                                              std::to_string(nodes));
    for (const uint32_t row : state_.graph.entry_rows())
        if (!state_.rows.slots().is_visible(row))
            report("entry points", "row " + std::to_string(row) + " is vacant");
    const std::vector<uint32_t> unreachable = state_.unreachable_rows();
    if (unreachable.size() <= unreachable_allowance_) return;
    for (const uint32_t row : unreachable)
        report(at_row("links of layer 0", row), "is unreachable");
}

void CheckTask::check_near_zero() {
    add(state_.near_zero.size(), kStepRows, [this](size_t from, size_t to) {
        const SortedRows& rows = state_.near_zero;
        for (size_t i = from; i < to; ++i)
            if (rows[i] >= state_.rows.slots().extent() || (i > 0 && rows[i] <= rows[i - 1]))
                report("near-zero rows", "element " + std::to_string(i) + " is row " +
                                             std::to_string(rows[i]) +
                                             ", expected ascending rows in range");
            else if (!state_.rows.slots().is_visible(rows[i]))
                report("near-zero rows", "row " + std::to_string(rows[i]) + " is vacant");
    });
}

// Ignores vacant rows, whose ids are meaningless.
void CheckTask::check_ids() {
    const IdMap& own = state_.rows.ids();
    std::vector<int64_t> ids;
    for (uint32_t row = 0; row < state_.rows.slots().extent(); ++row)
        if (state_.rows.slots().is_visible(row)) ids.push_back(own[row]);
    std::sort(ids.begin(), ids.end());
    for (auto at = ids.begin(); (at = std::adjacent_find(at, ids.end())) != ids.end(); ++at)
        report("ids", own.describe(*at) + " belongs to two rows");
    if (!ids.empty() && ids.back() > own.largest())
        report("settings", "the largest id is stored as " + std::to_string(own.largest()) +
                               ", but is " + std::to_string(ids.back()));
}

void CheckTask::check_order() {
    const Array<uint32_t>& own = state_.rows.ids().order();
    std::vector<uint32_t> order;
    for (uint32_t row = 0; row < own.size(); ++row)
        if (state_.rows.slots().is_visible(row)) order.push_back(own[row]);
    std::sort(order.begin(), order.end());
    if (const auto at = std::adjacent_find(order.begin(), order.end()); at != order.end())
        report("insertion order", "two rows have number " + std::to_string(*at));
    if (!order.empty() && order.back() == kNoRow) report("insertion order", "a row has no number");
    for (const uint32_t row : state_.rows.slots().vacant())
        if (!state_.rows.ids().is_empty(row))
            report(at_row("insertion order", row), "has a number, but is vacant");
}

// Values are checked only if the texts and sets that they name are valid.
void CheckTask::check_attributes() {
    const Attributes& all = state_.rows.attributes();
    for (size_t i = 0; i < all.size(); ++i) {
        try {
            all[i].prepare();
            add(state_.rows.slots().extent(), kStepRows,
                [this, own = &all[i]](size_t from, size_t to) { check_values(*own, from, to); });
        } catch (const Error& error) {
            report("attribute '" + all[i].spec.name + "'", error.what());
        }
    }
}

void CheckTask::check_values(const Attribute& attribute, size_t from, size_t to) {
    const AttributeKind kind = attribute.spec.kind;
    const size_t largest = kind == AttributeKind::boolean ? kTrue : attribute.largest_code();
    for (size_t row = from; row < to; ++row) {
        size_t code = 0;
        if (kind == AttributeKind::boolean) code = attribute.values.data<const uint8_t>()[row];
        if (has_texts(kind)) code = attribute.values.data<const uint32_t>()[row];
        if (code > largest)
            report(at_row("attribute '" + attribute.spec.name + "'", row),
                   "has code " + std::to_string(code) + ", expected at most " +
                       std::to_string(largest));
    }
}

// Names of removed items may be anything. Stops where names overlap: reading all may take forever.
void CheckTask::check_names() {
    add(state_.rows.slots().extent(), kStepRows, [this](size_t from, size_t to) {
        const IdMap& ids = state_.rows.ids();
        const Names& names = ids.names();
        for (size_t i = from; i < to && name_bytes_ <= names.bytes().size(); ++i) {
            const auto row = static_cast<uint32_t>(i);
            if (!state_.rows.slots().is_visible(row)) continue;
            const std::string_view name = names[ids[row]];
            name_bytes_ += name.size();
            if (name_bytes_ > names.bytes().size())
                report(at_row("string ids", row), "has a name that overlaps others");
            else if (const std::string fault = fault_of_name(name); !fault.empty())
                report(at_row("string ids", row), "has " + fault);
            else if (names.find(name) != ids[row])
                report(at_row("hash table of string ids", row),
                       "does not lead from " + ids.describe(ids[row]) + " to the row");
        }
    });
}

void CheckTask::check_cells() {
    add(1, 1, [this](size_t, size_t) {
        try {
            state_.cells->validate();
        } catch (const Error& error) {
            report("cells", error.what());
        }
        const CodeStore& centroids = state_.cells->centroids();
        for (size_t cell = 0; cell < state_.cells->count(); ++cell)
            if (!is_finite(centroids.affine()[cell]))
                report("centroid of cell " + std::to_string(cell), "is not finite");
    });
}

}  // namespace vecq
