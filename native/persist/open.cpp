// Reads and validates the small sections of a file and maps the others.
#include "persist/open.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/status.hpp"
#include "storage/file_errors.hpp"

namespace vecq {
namespace {

constexpr size_t kMaxEntries = 32, kMaxLayers = 16;

uint64_t checked(uint64_t value, uint64_t least, uint64_t most, const char* field) {
    if (value < least || value > most)
        throw_corrupt(std::string("the settings have ") + field + " " + std::to_string(value) +
                      ", expected " + std::to_string(least) + " to " + std::to_string(most));
    return value;
}

bool is_finite_amount(double value) { return value >= 0 && std::isfinite(value); }

template <class Enum>
Enum checked_enum(uint32_t value, Enum last, const char* field) {
    return static_cast<Enum>(checked(value, 0, static_cast<uint32_t>(last), field));
}

}  // namespace

IndexReader::IndexReader(const std::string& path, bool writable)
    : path_(path), file_(std::make_shared<MappedFile>(path, writable)) {
    refuse_unknown_sections();
    read_settings();
    read_attributes();
    codecs_[0].emplace(read_codec(0));
    if (file_->table().find(section(Kind::codec, 1)) != nullptr) codecs_[1].emplace(read_codec(1));
}

void IndexReader::refuse_unknown_sections() const {
    for (const SectionEntry& entry : file_->table().sections)
        if ((entry.flags & kRequired) != 0 && !is_known(entry.id))
            throw Error(VECQ_UNSUPPORTED, "path",
                        "the file has a section that this version does not know (" +
                            name_of(entry.id) + "); vecq " + printable_version(entry.since) +
                            " and later read it");
}

const SectionEntry& IndexReader::entry_of(SectionId id) const {
    const SectionEntry* entry = file_->table().find(id);
    if (entry == nullptr) throw_corrupt("the file has no " + name_of(id));
    return *entry;
}

template <class T>
Array<T> IndexReader::array(SectionId id, size_t per_element) const {
    const SectionEntry& entry = entry_of(id);
    if (entry.element_bytes != per_element * sizeof(T))
        throw_corrupt(name_of(id) + " has elements of " + std::to_string(entry.element_bytes) +
                      " bytes, expected " + std::to_string(per_element * sizeof(T)));
    return {file_, reinterpret_cast<T*>(file_->at(entry)), entry.count * per_element};
}

template <class T>
Array<T> IndexReader::array(SectionId id, size_t count, size_t per_element,
                            AccessPattern pattern) const {
    Array<T> found = array<T>(id, per_element);
    if (found.size() != count * per_element)
        throw_corrupt(name_of(id) + " has " + std::to_string(found.size() / per_element) +
                      " elements, expected " + std::to_string(count));
    file_->advise(entry_of(id), pattern);
    return found;
}

// Returns a copy, so that the validated values are the ones in use. Later releases may append
// fields; the first one wrote `least` bytes.
template <class T>
T IndexReader::read_struct(SectionId id, size_t least) const {
    const SectionEntry& entry = entry_of(id);
    if (entry.count != 1 || entry.element_bytes < least)
        throw_corrupt(name_of(id) + " is too short");
    T value{};
    std::memcpy(&value, file_->at(entry), std::min<uint64_t>(sizeof value, entry.element_bytes));
    return value;
}

void IndexReader::read_settings() {
    saved_ = read_struct<SavedIndex>(section(Kind::index), kFirstSettings);
    options_.metric = checked_enum(saved_.metric, Metric::l2, "metric");
    options_.link = checked_enum(saved_.link, Link::layered, "link");
    options_.m = checked(saved_.m, 2, kMaxDegree / 2, "m");
    options_.ef_construction = checked(saved_.ef_construction, 1, 100'000, "ef_construction");
    options_.seed = saved_.seed;
    checked(saved_.dim, 1, kMaxDim, "dim");
    checked(saved_.rows, 0, kMaxRows, "rows");
    checked(saved_.rows_since_repair, 0, saved_.rows, "rows_since_repair");
    if (saved_.largest_id < -1) throw_corrupt("the settings have a largest id below -1");
    if (!is_finite_amount(saved_.norm_unit) || !is_finite_amount(saved_.distance_growth))
        throw_corrupt(
            "the settings have a norm unit or a distance growth that is negative or not finite");
    checked(saved_.cost_rows, 0, saved_.rows, "cost_rows");
    for (const double seconds : saved_.costs)
        if (!is_finite_amount(seconds))
            throw_corrupt("the settings have a cost that is negative or not finite");
}

CostModel IndexReader::costs() const {
    const double* seconds = saved_.costs;
    return {saved_.cost_rows,
            {seconds[0], seconds[1]},
            {seconds[2], seconds[3]},
            seconds[4],
            seconds[5],
            seconds[6],
            seconds[7],
            saved_.distance_growth};
}

// Drops a curve without the number of rows that it was measured on: nothing tells its age.
RecallCurve IndexReader::curve() const {
    if (saved_.curve_rows == 0) return {};
    RecallCurve curve{{}, saved_.curve_rows};
    size_t number = 0;
    RecallCurve::each_list(
        curve, [&](std::vector<CurvePoint>& points) { points = curve_points(number++); });
    return curve;
}

std::vector<CurvePoint> IndexReader::curve_points(size_t number) const {
    const SectionId id = section(Kind::curve, number);
    if (file_->table().find(id) == nullptr) return {};
    const auto stored = array<CurvePoint>(id);
    std::vector<CurvePoint> points(stored.data(), stored.data() + stored.size());
    if (!std::ranges::all_of(points, &CurvePoint::is_valid))
        throw_corrupt("the " + name_of(id) + " has a k or an ef of 0, or a recall outside 0 to 1");
    return points;
}

Codec IndexReader::read_codec(size_t number) const {
    const auto saved = read_struct<SavedCodec>(section(Kind::codec, number));
    CodecOptions options;
    options.width = checked_enum(saved.width, Width::int4, "width");
    options.scale = checked_enum(saved.scale, Scale::global, "scale");
    options.calibration = checked_enum(saved.calibration, Calibration::entropy, "calibration");
    options.percentile = saved.percentile;
    options.center = (saved.flags & kCenters) != 0;
    options.rotate = (saved.flags & kRotates) != 0;
    options.unbiased = (saved.flags & kUnbiased) != 0;
    options.seed = saved.seed;
    options.rows_hold_affines =
        number == 0 && file_->table().find(section(Kind::row_affine)) != nullptr;
    Codec codec(saved_.dim, options, active_engine().quantizing);
    const auto mean = array<float>(section(Kind::codec_mean, number));
    const auto scales = array<float>(section(Kind::codec_scales, number));
    if ((saved.flags & kFitted) != 0)
        codec.restore({mean.data(), mean.size()}, {scales.data(), scales.size()});
    else if (saved_.rows > 0)
        throw_corrupt("the file has rows, but its codec is not fitted");
    return codec;
}

BuilderState IndexReader::fill(IndexState& state) const {
    const auto link = static_cast<uint32_t>(state.rows.link().link());
    checked(saved_.resolved_link, link, link, "resolved_link");
    fill_rows(state.rows);
    auto near_zero = array<uint32_t>(section(Kind::near_zero));
    if (near_zero.size() > saved_.rows) throw_corrupt("there are more near-zero rows than rows");
    state.near_zero.restore(std::move(near_zero));
    fill_graph(state.graph, state.rows.link().is_flat());
    state.costs = costs();
    state.curve = curve();
    state.cells = cells(state);
    fill_bias_extremes(state);
    state.file = file_;
    state.is_validated = false;
    return {saved_.level_rng, saved_.rows_since_repair, false};
}

void IndexReader::fill_column(Column& column) const {
    const SectionId id = column.section();
    if (column.spec().is_optional && file_->table().find(id) == nullptr)
        return column.resize(saved_.rows);
    const AccessPattern pattern =
        column.spec().is_swept ? AccessPattern::sequential : AccessPattern::random;
    column.restore(array<std::byte>(id, saved_.rows, column.element_bytes(), pattern));
}

// Attributes of a later kind are refused: skipping them would lose them at the next save.
void IndexReader::read_attributes() {
    if (file_->table().find(section(Kind::attributes)) == nullptr) return;
    const auto stored = array<std::byte>(section(Kind::attributes), sizeof(SavedAttribute));
    const size_t count = stored.size() / sizeof(SavedAttribute);
    for (size_t i = 0; i < count && i <= kMaxAttributes; ++i) {
        SavedAttribute saved;
        std::memcpy(&saved, stored.data() + i * sizeof saved, sizeof saved);
        if (saved.name[kMaxAttributeName] != 0)
            throw_corrupt("the name of attribute " + std::to_string(i) + " has no end");
        if (saved.kind > static_cast<uint32_t>(AttributeKind::tags))
            throw Error(VECQ_UNSUPPORTED, "path",
                        "attribute " + std::to_string(i) + " of the file has kind " +
                            std::to_string(saved.kind) +
                            ", which this version does not know; open it with a later one");
        options_.attributes.push_back({saved.name, static_cast<AttributeKind>(saved.kind)});
    }
    try {
        require_valid(options_.attributes);
    } catch (const Error& error) {
        throw_corrupt(error.what());
    }
}

void IndexReader::fill_texts(Attribute& attribute) const {
    if (!has_texts(attribute.spec.kind)) return;
    const size_t number = attribute.number;
    attribute.texts.restore(array<uint64_t>(section(Kind::attribute_ends, number)),
                            array<char>(section(Kind::attribute_texts, number)));
    if (attribute.spec.kind == AttributeKind::tags)
        attribute.sets.restore(array<uint32_t>(section(Kind::attribute_sets, number)));
}

void IndexReader::fill_rows(RowTable& rows) const {
    const size_t count = saved_.rows;
    if (file_->table().find(section(Kind::bias)) != nullptr) rows.add_biases(rows.make_biases());
    RowTable::each_column(rows, [this](Column& column) { fill_column(column); });
    for (size_t i = 0; i < rows.attributes().size(); ++i) fill_texts(rows.attributes()[i]);
    auto order = array<uint32_t>(section(Kind::order));
    if (order.size() != 0 && order.size() != count)
        throw_corrupt("the insertion order does not have one element per row");
    rows.ids().restore(array<int64_t>(section(Kind::ids), count, 1, AccessPattern::sequential),
                       std::move(order), saved_.largest_id);
    fill_names(rows.ids().names());
    restore_slots(rows.slots());
    rows.link().set_norm_unit(saved_.norm_unit);
}

// The rows are hints: searches skip those that hold no item.
void IndexReader::fill_bias_extremes(IndexState& state) const {
    const SectionId id = section(Kind::bias, 1);
    if (state.rows.biased() == nullptr || file_->table().find(id) == nullptr) return;
    const auto stored = array<uint32_t>(id);
    std::vector<uint32_t> rows(stored.data(), stored.data() + stored.size());
    std::erase_if(rows, [this](uint32_t row) { return row >= saved_.rows; });
    state.bias_extremes.restore(state.rows.biased(), std::move(rows));
}

// Maps cells. Their rows and ends are validated when a search first reads them.
std::unique_ptr<Cells> IndexReader::cells(const IndexState& state) const {
    if (file_->table().find(section(Kind::cells)) == nullptr) return nullptr;
    const auto saved = read_struct<SavedCells>(section(Kind::cells));
    auto rows = array<uint32_t>(section(Kind::cell_rows));
    auto ends = array<uint32_t>(section(Kind::cell_ends));
    const auto changed = array<uint32_t>(section(Kind::cell_changes));
    if (saved.extent > saved_.rows || rows.size() > saved.extent || changed.size() > saved.extent)
        throw_corrupt("the cells have more rows than the index");
    if (ends.size() == 0 || ends.size() > saved.extent)
        throw_corrupt("the file has " + std::to_string(ends.size()) +
                      " cells, expected 1 to the number of their rows");
    CodeStore centroids(state.rows.codes().codec(), options_.metric, kCentroids);
    CodeStore::each_column(centroids, [&](Column& column) {
        column.restore(array<std::byte>(column.section(), ends.size(), column.element_bytes(),
                                        AccessPattern::sequential));
    });
    return std::make_unique<Cells>(std::move(centroids), saved.extent, std::move(rows),
                                   std::move(ends), std::span(changed.data(), changed.size()));
}

// Maps string ids. Entries and slots are validated as they are read, see rows/names.hpp.
void IndexReader::fill_names(Names& names) const {
    const SectionEntry* entry = file_->table().find(section(Kind::names));
    if (entry == nullptr) return;
    const auto saved = read_struct<SavedNames>(entry->id);
    auto entries = array<uint64_t>(section(Kind::name_entries));
    auto slots = array<NameSlot>(section(Kind::name_slots));
    if (entries.size() > kMaxRows) throw_corrupt("there are more string ids than rows can have");
    if (slots.size() != 0 && !std::has_single_bit(slots.size()))
        throw_corrupt("the hash table of string ids has " + std::to_string(slots.size()) +
                      " slots, expected a power of two");
    if (saved.count > entries.size())
        throw_corrupt("the settings of string ids count more names than there are");
    file_->advise(entry_of(section(Kind::name_slots)), AccessPattern::random);
    names.restore({saved.seed, saved.count, std::move(entries),
                   array<char>(section(Kind::name_bytes)), std::move(slots)});
}

// Treats vacant rows of a file as just removed: links of the file may lead to them.
void IndexReader::restore_slots(Slots& slots) const {
    const SectionEntry* entry = file_->table().find(section(Kind::vacant));
    if (entry == nullptr) return slots.restore(saved_.rows, {});
    const auto vacant = array<uint32_t>(entry->id);
    for (size_t i = 0; i < vacant.size(); ++i)
        if (vacant[i] >= saved_.rows || (i > 0 && vacant[i] <= vacant[i - 1]))
            throw_corrupt("vacant rows are not ascending or out of range");
    slots.restore(saved_.rows, {vacant.data(), vacant.size()});
}

Graph::Stored IndexReader::layer(size_t number, size_t degree, size_t most) const {
    Graph::Stored layer(degree);
    const bool base = number == 0;
    const SectionEntry& links = entry_of(section(Kind::links, number));
    if (base ? links.count != most : links.count == 0 || links.count > most)
        throw_corrupt(name_of(links.id) + " has " + std::to_string(links.count) +
                      " nodes, expected " + (base ? "" : "1 to ") + std::to_string(most));
    layer.nodes = links.count;
    layer.links = array<uint32_t>(links.id, layer.nodes, degree,
                                  base ? AccessPattern::random : AccessPattern::sequential);
    if (base) return layer;
    layer.rows = array<uint32_t>(section(Kind::layer_rows, number), layer.nodes, 1,
                                 AccessPattern::sequential);
    layer.below = array<uint32_t>(section(Kind::layer_below, number), layer.nodes, 1,
                                  AccessPattern::sequential);
    return layer;
}

void IndexReader::fill_graph(Graph& graph, bool flat) const {
    std::vector<Graph::Stored> layers;
    layers.push_back(layer(0, graph.degree(), saved_.rows));
    while (file_->table().find(section(Kind::links, layers.size())) != nullptr) {
        if (flat || layers.size() == kMaxLayers) throw_corrupt("the graph has too many layers");
        layers.push_back(layer(layers.size(), graph.degree() / 2, layers.back().nodes));
    }
    checked(saved_.entered, 1, layers.size(), "entered");
    const auto entries = array<uint32_t>(section(Kind::entries));
    const size_t nodes = layers[saved_.entered - 1].nodes;
    if (entries.size() > kMaxEntries || (entries.size() == 0 && nodes > 0 && !flat))
        throw_corrupt("the graph has " + std::to_string(entries.size()) +
                      " entry points, expected " + (flat ? "0" : "1") + " to " +
                      std::to_string(kMaxEntries));
    const std::vector<uint32_t> entered(entries.data(), entries.data() + entries.size());
    for (const uint32_t node : entered)
        if (node >= nodes) throw_corrupt("an entry point of the graph is out of range");
    graph.restore(std::move(layers));
    graph.enter_at(entered, saved_.entered);
}

namespace {

void require_valid_layers(const IndexState& state) {
    const Graph& graph = state.graph;
    for (size_t layer = 1; layer < graph.layers().size(); ++layer)
        for (size_t node = 0; node < graph.layers()[layer].count; ++node)
            if (!graph.has_place(layer, node))
                throw_corrupt("node " + std::to_string(node) + " of layer " +
                              std::to_string(layer) + " does not match the layer below");
    if (graph.entries().empty() && state.near_zero.size() < state.rows.slots().count())
        throw_corrupt("the graph has no entry points");
    for (const uint32_t row : graph.entry_rows())
        if (!state.rows.slots().is_visible(row))
            throw_corrupt("an entry point of the graph is a vacant row");
}

void require_valid_lists(const IndexState& state) {
    const Slots& slots = state.rows.slots();
    for (size_t i = 0; i < state.near_zero.size(); ++i)
        if (!slots.is_visible(state.near_zero[i]) ||
            (i > 0 && state.near_zero[i] <= state.near_zero[i - 1]))
            throw_corrupt("near-zero rows are vacant, not ascending or out of range");
    for (const uint32_t row : slots.vacant())
        if (!state.rows.ids().is_empty(row))
            throw_corrupt("row " + std::to_string(row) + " is vacant, but has an insertion number");
}

}  // namespace

void require_valid(const IndexState& state) {
    require_valid_layers(state);
    require_valid_lists(state);
}

}  // namespace vecq
