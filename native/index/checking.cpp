#include "index/checking.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "graph/reach.hpp"
#include "index/addition.hpp"
#include "index/searcher.hpp"
#include "index/sections.hpp"

namespace vecq {
namespace {

// What a step looks at: bytes, rows.
constexpr size_t kBytes = size_t{8} << 20, kRows = size_t{1} << 16;
// Problems that are listed; one fault makes many.
constexpr size_t kListed = 100;

bool is_finite(const Affine& affine) { return std::isfinite(affine.a) && std::isfinite(affine.c); }

bool is_size(float value) { return value >= 0 && std::isfinite(value); }

std::string row_of(const std::string& section, size_t row) {
    return section + ", row " + std::to_string(row);
}

}  // namespace

Checking::Checking(const Index& index, Depth depth) : index_(index) {
    check_sums();
    if (depth == Depth::checksums) return;
    check_aside();
    check_numbers();
    check_graph();
    check_ids();
}

void Checking::report(const std::string& where, const std::string& what) {
    if (count_++ < kListed) problems_.push_back({where, what});
}

// By reading, not through the mapping: that may have been written to, and where the disk fails reading
// gets an error.
void Checking::check_sums() {
    if (index_.file_ == nullptr) return;
    for (const SectionEntry& entry : index_.file_->table().sections) {
        if (entry.bytes() == 0 && entry.checksum != Checksum().value())
            report(name_of(entry.id), "does not match its checksum");
        add(entry.bytes(), kBytes,
            [this, entry](size_t from, size_t to) { add_to_sum(entry, from, to); });
    }
}

void Checking::add_to_sum(const SectionEntry& entry, size_t from, size_t to) {
    block_.resize(std::max(block_.size(), to - from));
    read_exactly(index_.file_->descriptor(), entry.offset + from, block_.data(), to - from);
    sum_.add(block_.data(), to - from);
    if (to == entry.bytes() && std::exchange(sum_, {}).value() != entry.checksum)
        report(name_of(entry.id), "does not match its checksum");
}

void Checking::check_numbers() {
    check_store(index_.store_, index_.affine_, "");
    if (index_.wide_) check_store(*index_.wide_, index_.wide_affine_, "wider ");
    if (!index_.has_link_affine()) return;
    add(index_.slots_.extent(), kRows, [this](size_t from, size_t to) {
        for (size_t row = from; row < to; ++row)
            if (!is_finite(index_.link_affine_[row]) && index_.slots_.shows(uint32_t(row)) &&
                !index_.is_aside(uint32_t(row)))
                report(row_of("factors of links", row), "is not finite");
    });
}

void Checking::check_store(const Store& store, const Array<Affine>& affine, const char* name) {
    add(index_.slots_.extent(), kRows, [this, &store, &affine, name](size_t from, size_t to) {
        for (size_t row = from; row < to; ++row) {
            const RowConstants& own = store[row];
            if (!is_size(own.scale) || !is_size(own.centred_norm) || !is_size(own.norm))
                report(row_of("constants of " + std::string(name) + "codes", row),
                       "is negative or not finite");
            if (!is_finite(affine[row]))
                report(row_of("factors of " + std::string(name) + "scores", row), "is not finite");
        }
    });
}

void Checking::check_graph() {
    for (size_t layer = 0; layer < index_.graph_.layers().size(); ++layer) check_layer(layer);
    add(1, 1, [this](size_t, size_t) { check_reach(); });
}

void Checking::check_layer(size_t number) {
    add(index_.graph_.layers()[number].count, kRows, [this, number](size_t from, size_t to) {
        const Graph& graph = index_.graph_;
        for (size_t node = from; node < to; ++node) {
            if (number > 0 && !graph.has_place(number, node))
                report("layer " + std::to_string(number) + ", node " + std::to_string(node),
                       "has no place in the layer below");
            check_list(number, static_cast<uint32_t>(node));
        }
    });
}

void Checking::check_list(size_t number, uint32_t node) {
    const Layer& layer = index_.graph_.layers()[number];
    const auto report_list = [&](const std::string& what) {
        report("links of layer " + std::to_string(number) + ", node " + std::to_string(node), what);
    };
    const std::span<const uint32_t> links = layer.links_of(node);
    const uint32_t* end = layer.list(node) + layer.degree;
    if (std::any_of(links.data() + links.size(), end, [](uint32_t to) { return to != kNone; }))
        report_list("goes on behind its end");
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

void Checking::check_reach() {
    const GraphView graph = index_.graph_.view();
    const size_t nodes = graph.layers[graph.layer_count - 1].count;
    for (size_t i = 0; i < graph.entry_count; ++i)
        if (graph.entries[i] >= nodes)
            return report("entries", "node " + std::to_string(graph.entries[i]) + " is none");
    for (const uint32_t row : index_.entry_rows())
        if (!index_.slots_.shows(row))
            report("entries", "row " + std::to_string(row) + " is vacant");
    const std::vector<uint32_t> lost = index_.unreachable();
    if (lost.size() <= allowed_to_be_lost()) return;
    for (const uint32_t row : lost)
        report(row_of("links of layer 0", row), "no walk can come to it");
}

// A sweep links all unreachable rows, but few changes put it off: until then as many rows as changed,
// or less than one in kSweepEvery, are no fault.
size_t Checking::allowed_to_be_lost() const {
    const size_t changed = index_.unswept_;
    return changed == 0 ? 0 : std::max(changed, index_.slots_.extent() / kSweepEvery);
}

void Checking::check_aside() {
    add(index_.aside_.size(), kRows, [this](size_t from, size_t to) {
        const Array<uint32_t>& aside = index_.aside_;
        for (size_t i = from; i < to; ++i)
            if (aside[i] >= index_.slots_.extent() || (i > 0 && aside[i] <= aside[i - 1]))
                report("rows aside", "number " + std::to_string(i) + " is row " +
                                         std::to_string(aside[i]) + ", out of range or order");
            else if (!index_.slots_.shows(aside[i]))
                report("rows aside", "row " + std::to_string(aside[i]) + " is vacant");
    });
}

// Of a row that holds no item neither means anything.
void Checking::check_ids() {
    add(1, 1, [this](size_t, size_t) {
        const Ids& own = index_.ids_;
        std::vector<int64_t> ids;
        for (uint32_t row = 0; row < index_.slots_.extent(); ++row)
            if (index_.slots_.shows(row)) ids.push_back(own[row]);
        std::sort(ids.begin(), ids.end());
        for (auto at = ids.begin(); (at = std::adjacent_find(at, ids.end())) != ids.end(); ++at)
            report("ids", std::to_string(*at) + " belongs to two rows");
        if (!ids.empty() && ids.back() > own.largest())
            report("settings", "the largest id is " + std::to_string(ids.back()) + ", not " +
                                   std::to_string(own.largest()));
    });
    add(1, 1, [this](size_t, size_t) {
        const Array<uint32_t>& own = index_.ids_.order();
        std::vector<uint32_t> order;
        for (uint32_t row = 0; row < own.size(); ++row)
            if (index_.slots_.shows(row)) order.push_back(own[row]);
        std::sort(order.begin(), order.end());
        if (const auto at = std::adjacent_find(order.begin(), order.end()); at != order.end())
            report("order of rows", "two rows have number " + std::to_string(*at));
        if (!order.empty() && order.back() == kNoRow) report("order of rows", "a row has none");
        for (const uint32_t row : index_.slots_.vacant())
            if (!index_.ids_.is_empty(row))
                report(row_of("order of rows", row), "has a number, but is vacant");
    });
}

}  // namespace vecq
