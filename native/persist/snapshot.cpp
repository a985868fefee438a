// Collects the sections of an index: copies of small arrays, references to large ones.
#include "persist/snapshot.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <utility>

#include "base/status.hpp"
#include "persist/sections.hpp"

namespace vecq {
namespace {

// Whether release 0.1 can't read the column, and has to say so.
bool is_unknown_to_0_1(const Column& column, const CodeStore& codes) {
    const auto is = [&](Kind kind) { return column.section() == section(kind); };
    return is(Kind::walk_affine) || is(Kind::scan_affine) ||
           (is(Kind::codes) && codes.codec().width() == Width::int4);
}

SavedCodec saved(const Codec& codec) {
    const CodecOptions& options = codec.options();
    SavedCodec saved{};
    saved.width = static_cast<uint32_t>(options.width);
    saved.scale = static_cast<uint32_t>(options.scale);
    saved.calibration = static_cast<uint32_t>(options.calibration);
    saved.flags = (options.center ? kCenters : 0) | (options.rotate ? kRotates : 0) |
                  (options.unbiased ? kUnbiased : 0) | (codec.is_fitted() ? kFitted : 0);
    saved.percentile = options.percentile;
    saved.seed = options.seed;
    return saved;
}

template <class T>
std::vector<T> copied(const T* first, size_t count) {
    return std::vector<T>(first, first + count);
}

template <class Range>
auto copied(const Range& range) {
    return copied(range.data(), range.size());
}

}  // namespace

Snapshot::Snapshot(IndexState& state, IndexLocks& locks,
                   const std::function<BuilderState()>& builder)
    : state_(state), locks_(locks) {
    const std::lock_guard changes(locks.changes);
    if (locks.is_saving) refuse("index", "index is being saved already");
    if (locks.is_rebuilding)
        refuse("index", "index is being refitted, compacted or partitioned: wait for that");
    const auto start = std::chrono::steady_clock::now();
    add_all(builder());
    {
        const auto alone = locks.searches.write();
        state.graph.set_list_snapshot(&*lists_);
        state.rows.attributes().begin_snapshot();
    }
    locks.is_saving = true;
    pause_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

Snapshot::~Snapshot() {
    const std::lock_guard changes(locks_.changes);
    const auto alone = locks_.searches.write();
    state_.graph.set_list_snapshot(nullptr);
    state_.rows.attributes().end_snapshot();
    locks_.is_saving = false;
}

void Snapshot::read(const Section& section, uint64_t from, uint64_t bytes, std::byte* to) const {
    const auto lock = locks_.searches.read();
    section.read(from, bytes, to);
}

// The order of the file: small sections, then those that walks read, last those that only changes
// and reranking read.
void Snapshot::add_all(const BuilderState& builder) {
    const IndexState& state = state_;
    const Slots& slots = state.rows.slots();
    rows_ = slots.count() == 0 ? 0 : slots.extent();
    has_partial_links_ = builder.has_partial_links || !state.all_nodes_are_items();
    if (slots.visible() != nullptr) visible_ = copied(slots.visible(), words_for(rows_));
    add_settings(builder);
    add_codec(state.rows.codes(), 0);
    if (state.rows.rerank() != nullptr) add_codec(*state.rows.rerank(), 1);
    add_copy(section(Kind::entries), copied(state.graph.entries()));
    add_copy(section(Kind::near_zero), copied(state.near_zero.all()));
    add_vacant();
    for (size_t layer = state.graph.stored().size(); layer-- > 1;) add_upper_layer(layer);
    add_base_layer();
    add_reference(section(Kind::ids), sizeof(int64_t), rows_,
                  [&state] { return state.rows.ids().data(); });
    add_order();
    if (state.rows.ids().names().is_active()) add_names();
    // Readers that do not know the curve may skip it.
    size_t curve_number = 0;
    RecallCurve::each_list(state.curve, [&](const std::vector<CurvePoint>& points) {
        const SectionId id = section(Kind::curve, curve_number++);
        if (!points.empty()) add_copy(id, points).is_required = false;
    });
    if (state.cells != nullptr && rows_ > 0) add_cells();
    add_biases();
    add_attributes();
    RowTable::each_column(state.rows, [&](const Column& column) {
        if (column.spec().is_on_demand) return;
        if (column.section().kind == static_cast<uint32_t>(Kind::attribute_values)) return;
        Section& added = add_reference(column.section(), column.element_bytes(), rows_,
                                       [&column] { return column.data(); });
        added.is_required = !column.spec().is_optional;
        if (is_unknown_to_0_1(column, state.rows.codes())) added.since = "0.2.0";
    });
}

// Biases change in place, so the snapshot holds a copy.
void Snapshot::add_biases() {
    const BiasedAffine* biased = state_.rows.biased();
    if (biased == nullptr) return;
    std::vector<BiasedAffine> copy = copied(biased, rows_);
    uint32_t set = 0;
    for (BiasedAffine& own : copy) {
        own.inherits = 0;
        set |= uint32_t{own.bias != 0};
    }
    if (set == 0) return;
    add_copy(section(Kind::bias), std::move(copy)).is_required = false;
    std::vector<uint32_t> rows = state_.bias_extremes.rows();
    std::erase_if(rows, [this](uint32_t row) { return !has_item(row); });
    add_copy(section(Kind::bias, 1), std::move(rows)).is_required = false;
}

bool Snapshot::has_item(uint32_t row) const {
    return row < rows_ && (visible_.empty() || test_bit(visible_.data(), row));
}

void Snapshot::add_vacant() {
    std::vector<uint32_t> vacant;
    for (uint32_t row = 0; row < rows_ && !visible_.empty(); ++row)
        if (!has_item(row)) vacant.push_back(row);
    if (!vacant.empty()) add_copy(section(Kind::vacant), std::move(vacant));
}

void Snapshot::add_settings(const BuilderState& builder) {
    const IndexOptions& options = state_.options;
    const CostModel& costs = state_.costs;
    SavedIndex saved{};
    saved.metric = static_cast<uint32_t>(options.metric);
    saved.link = static_cast<uint32_t>(options.link);
    saved.resolved_link = static_cast<uint32_t>(state_.rows.link().link());
    saved.entered = static_cast<uint32_t>(state_.graph.entered());
    saved.dim = state_.dim;
    saved.m = options.m;
    saved.ef_construction = options.ef_construction;
    saved.seed = options.seed;
    saved.rows = rows_;
    saved.level_rng = builder.level_rng;
    saved.rows_since_repair = std::min(builder.rows_since_repair, rows_);
    saved.largest_id = state_.rows.ids().largest();
    saved.norm_unit = state_.rows.link().norm_unit();
    saved.distance_growth = costs.distance_growth;
    saved.cost_rows = std::min(costs.rows, rows_);
    saved.curve_rows = state_.curve.rows;
    const double seconds[] = {
        costs.walk.fixed, costs.walk.slope, costs.lone_walk.fixed, costs.lone_walk.slope,
        costs.row,        costs.lone_row,   costs.gathered_row,    costs.lone_gathered_row};
    if (costs.rows > 0) std::copy(std::begin(seconds), std::end(seconds), saved.costs);
    add_copy(section(Kind::index), std::vector{saved});
}

void Snapshot::add_codec(const CodeStore& codes, size_t number) {
    const Codec& codec = rows_ == 0 ? codes.given_codec() : codes.codec();
    add_copy(section(Kind::codec, number), std::vector{saved(codec)});
    add_copy(section(Kind::codec_mean, number), copied(codec.mean()));
    add_copy(section(Kind::codec_scales, number), copied(codec.scales()));
    if (codec.row_affine())
        add_copy(section(Kind::row_affine), std::vector<std::byte>()).since = "0.2.0";
}

// Leaves out nodes of rows that are not visible yet.
void Snapshot::add_upper_layer(size_t number) {
    const Layer& layer = state_.graph.layers()[number];
    const size_t count = std::lower_bound(layer.rows, layer.rows + layer.count, rows_) - layer.rows;
    if (count == 0) return;
    std::vector<uint32_t> links = copied(layer.links, count * layer.degree);
    drop_partial_links(layer, count, 0, count, links.data());
    add_copy(section(Kind::links, number), std::move(links), layer.degree);
    add_copy(section(Kind::layer_rows, number), copied(layer.rows, count));
    add_copy(section(Kind::layer_below, number), copied(layer.below, count));
}

void Snapshot::add_base_layer() {
    const Graph& graph = state_.graph;
    lists_.emplace(rows_, graph.degree());
    const uint64_t list_bytes = graph.degree() * sizeof(uint32_t);
    const uint64_t unit = ListSnapshot::kGroup * list_bytes;
    sections_.push_back({section(Kind::links), list_bytes, rows_, true, unit,
                         [this, &graph, unit](uint64_t from, uint64_t bytes, std::byte* to) {
                             const Layer& layer = graph.layers().front();
                             for (uint64_t at = 0; at < bytes; at += unit) {
                                 const size_t group = (from + at) / unit;
                                 auto* links = reinterpret_cast<uint32_t*>(to + at);
                                 lists_->read(layer, group, links);
                                 drop_partial_links(layer, rows_, group * ListSnapshot::kGroup,
                                                    lists_->lists_in(group), links);
                             }
                         }});
}

// Removes links to rows outside the snapshot from `lists` lists, those of the nodes from `first`
// on. The snapshot holds the first `nodes` nodes of the layer.
void Snapshot::drop_partial_links(const Layer& layer, size_t nodes, size_t first, size_t lists,
                                  uint32_t* links) const {
    if (!has_partial_links_) return;
    for (size_t i = 0; i < lists; ++i) {
        uint32_t* list = links + i * layer.degree;
        uint32_t* end = list + layer.degree;
        const auto is_missing = [&](uint32_t to) {
            return to >= nodes || !has_item(layer.row_of(to));
        };
        if (has_item(layer.row_of(static_cast<uint32_t>(first + i))))
            std::fill(std::remove_if(list, end, is_missing), end, kNone);
        else
            std::fill(list, end, kNone);
    }
}

void Snapshot::add_order() {
    const Array<uint32_t>& all = state_.rows.ids().order();
    std::vector<uint32_t> order = copied(all.data(), std::min(all.size(), rows_));
    for (uint32_t row = 0; row < order.size(); ++row)
        if (!has_item(row)) order[row] = kNoRow;
    add_copy(section(Kind::order), std::move(order));
}

// Values change in place: Attributes copies those of the snapshot first. Texts and sets are only
// appended. Readers that do not know attributes may skip them.
void Snapshot::add_attributes() {
    const Attributes& all = state_.rows.attributes();
    if (all.empty()) return;
    std::vector<SavedAttribute> saved(all.size());
    for (size_t i = 0; i < all.size(); ++i) {
        saved[i].kind = static_cast<uint32_t>(all[i].spec.kind);
        all[i].spec.name.copy(saved[i].name, kMaxAttributeName);
    }
    add_copy(section(Kind::attributes), std::move(saved)).is_required = false;
    for (size_t i = 0; i < all.size(); ++i) {
        const Attribute& own = all[i];
        add_reference(section(Kind::attribute_values, i), own.values.element_bytes(), rows_,
                      [&all, i] { return all.snapshot_of(i); })
            .is_required = false;
        if (!has_texts(own.spec.kind)) continue;
        const auto add_array = [&](Kind kind, const auto& array) {
            add_reference(section(kind, i), sizeof array[0], array.size(), [&array] {
                return array.data();
            }).is_required = false;
        };
        add_array(Kind::attribute_ends, own.texts.ends());
        add_array(Kind::attribute_texts, own.texts.bytes());
        if (own.spec.kind == AttributeKind::tags)
            add_array(Kind::attribute_sets, own.sets.stored());
    }
}

// Cells are replaced only by tasks that a save excludes. Readers that do not know them may skip
// them.
void Snapshot::add_cells() {
    const Cells& cells = *state_.cells;
    const auto add_array = [&](Kind kind, const Array<uint32_t>& array) {
        add_reference(section(kind), sizeof(uint32_t), array.size(), [&array] {
            return array.data();
        }).is_required = false;
    };
    add_copy(section(Kind::cells), std::vector{SavedCells{cells.extent()}}).is_required = false;
    add_array(Kind::cell_rows, cells.rows());
    add_array(Kind::cell_ends, cells.ends());
    add_copy(section(Kind::cell_changes), cells.changed()).is_required = false;
    CodeStore::each_column(cells.centroids(), [&](const Column& column) {
        add_reference(column.section(), column.element_bytes(), cells.count(), [&column] {
            return column.data();
        }).is_required = false;
    });
}

// Names are only appended during a snapshot. Slots that are filled meanwhile were free before:
// clearing them restores the table, because no older probe sequence led past a free slot.
void Snapshot::add_names() {
    constexpr char kSince[] = "0.2.0";
    const Names& names = state_.rows.ids().names();
    const size_t extent = names.extent(), first = sections_.size();
    add_copy(section(Kind::names), std::vector{SavedNames{names.seed(), names.count()}});
    add_reference(section(Kind::name_entries), sizeof(uint64_t), extent,
                  [&names] { return names.entries().data(); });
    add_reference(section(Kind::name_bytes), 1, names.bytes().size(),
                  [&names] { return names.bytes().data(); });
    const auto slots = names.slots();
    sections_.push_back({section(Kind::name_slots), sizeof(NameSlot), slots->size(), true,
                         sizeof(NameSlot),
                         [slots, extent](uint64_t from, uint64_t bytes, std::byte* to) {
                             auto* copies = reinterpret_cast<NameSlot*>(to);
                             const size_t count = bytes / sizeof(NameSlot);
                             std::copy_n(slots->data() + from / sizeof(NameSlot), count, copies);
                             for (size_t i = 0; i < count; ++i)
                                 if (copies[i].next > extent) copies[i] = {};
                         }});
    for (size_t i = first; i < sections_.size(); ++i) sections_[i].since = kSince;
}

template <class T>
Snapshot::Section& Snapshot::add_copy(SectionId id, std::vector<T> elements, size_t per_element) {
    const size_t count = elements.size() / per_element;
    auto kept = std::make_shared<const std::vector<T>>(std::move(elements));
    return add_reference(id, per_element * sizeof(T), count, [kept] { return kept->data(); });
}

template <class Where>
Snapshot::Section& Snapshot::add_reference(SectionId id, size_t element_bytes, size_t count,
                                           Where where) {
    sections_.push_back(
        {id, element_bytes, count, true, 1, [where](uint64_t from, uint64_t bytes, std::byte* to) {
             std::memcpy(to, reinterpret_cast<const std::byte*>(where()) + from, bytes);
         }});
    return sections_.back();
}

}  // namespace vecq
