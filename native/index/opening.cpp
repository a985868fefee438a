#include "index/opening.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "index/addition.hpp"
#include "index/searcher.hpp"
#include "storage/failure.hpp"

namespace vecq {
namespace {

constexpr size_t kMostEntries = 32, kMostLayers = 16;

uint64_t checked(uint64_t value, uint64_t least, uint64_t most, const char* field) {
    if (value < least || value > most)
        corrupt(std::string("the settings have ") + field + " " + std::to_string(value) +
                ", expected " + std::to_string(least) + " to " + std::to_string(most));
    return value;
}

bool is_amount(double value) { return value >= 0 && std::isfinite(value); }

template <class Enum>
Enum checked_enum(uint32_t value, Enum last, const char* field) {
    return static_cast<Enum>(checked(value, 0, static_cast<uint32_t>(last), field));
}

}  // namespace

// What the file asks for is refused like what a caller asks for, only that nobody chose it.
Index::Index(const std::string& path, bool writable) try : Index(Opening(path, writable)) {
} catch (const Error& error) {
    if (error.status() != VECQ_INVALID_ARGUMENT) throw;
    corrupt(std::string("the settings do not go together: ") + error.what());
}

Index::Index(Opening opening) : Index(opening.options(), opening.codec(), opening.wide_codec()) {
    opening.fill(*this);
}

Index::Opening::Opening(const std::string& path, bool writable)
    : path_(path), file_(std::make_shared<MappedFile>(path, writable)) {
    refuse_what_is_unknown();
    read_options();
    codecs_[0].emplace(read_codec(0));
    if (file_->table().find(section(Kind::codec, 1)) != nullptr) codecs_[1].emplace(read_codec(1));
}

void Index::Opening::refuse_what_is_unknown() const {
    for (const SectionEntry& entry : file_->table().sections)
        if ((entry.flags & kRequired) != 0 && !is_known(entry.id))
            throw Error(VECQ_UNSUPPORTED, "path",
                        "the file holds what this version does not know (" + name_of(entry.id) +
                            "); vecq " + version_of(entry.since) + " and later do");
}

const SectionEntry& Index::Opening::entry_of(SectionId id) const {
    const SectionEntry* entry = file_->table().find(id);
    if (entry == nullptr) corrupt("the file has no " + name_of(id));
    return *entry;
}

template <class T>
Array<T> Index::Opening::array(SectionId id, size_t per_element) const {
    const SectionEntry& entry = entry_of(id);
    if (entry.element_bytes != per_element * sizeof(T))
        corrupt(name_of(id) + " has elements of " + std::to_string(entry.element_bytes) +
                " bytes, expected " + std::to_string(per_element * sizeof(T)));
    return {file_, reinterpret_cast<T*>(file_->at(entry)), entry.count * per_element};
}

template <class T>
Array<T> Index::Opening::array(SectionId id, size_t count, size_t per_element, Use use) const {
    Array<T> found = array<T>(id, per_element);
    if (found.size() != count * per_element)
        corrupt(name_of(id) + " has " + std::to_string(found.size() / per_element) +
                " elements, expected " + std::to_string(count));
    file_->advise(entry_of(id), use);
    return found;
}

// Copied, so that what was checked is what is used. Later versions may have appended fields, and earlier
// ones know of `least` bytes only.
template <class T>
T Index::Opening::read_struct(SectionId id, size_t least) const {
    const SectionEntry& entry = entry_of(id);
    if (entry.count != 1 || entry.element_bytes < least) corrupt(name_of(id) + " is too short");
    T value{};
    std::memcpy(&value, file_->at(entry), std::min<uint64_t>(sizeof value, entry.element_bytes));
    return value;
}

void Index::Opening::read_options() {
    state_ = read_struct<SavedIndex>(section(Kind::index), kFirstSettings);
    options_.metric = checked_enum(state_.metric, Metric::l2, "metric");
    options_.link = checked_enum(state_.link, Link::layered, "link");
    options_.m = checked(state_.m, 2, kMaxDegree / 2, "m");
    options_.ef_construction = checked(state_.ef_construction, 1, 100'000, "ef_construction");
    options_.seed = state_.seed;
    checked(state_.dim, 1, kMaxDim, "dim");
    checked(state_.rows, 0, kMaxRows, "rows");
    checked(state_.unswept, 0, state_.rows, "unswept");
    if (state_.largest_id < -1) corrupt("the settings have a largest id below -1");
    if (!is_amount(state_.unit) || !is_amount(state_.growth))
        corrupt("the settings have a usual norm or a growth that is negative or not finite");
    checked(state_.pace_rows, 0, state_.rows, "pace_rows");
    for (const double seconds : state_.pace)
        if (!is_amount(seconds)) corrupt("the settings have a pace that is no time");
}

Pace Index::Opening::pace() const {
    const double* seconds = state_.pace;
    return {state_.pace_rows,
            {seconds[0], seconds[1]},
            {seconds[2], seconds[3]},
            seconds[4],
            seconds[5],
            seconds[6],
            seconds[7],
            state_.growth};
}

// One that doesn't tell what it was measured on is worth nothing.
Curve Index::Opening::curve() const {
    const SectionId id = section(Kind::curve);
    if (file_->table().find(id) == nullptr || state_.curve_rows == 0) return {};
    const auto stored = array<CurvePoint>(id);
    std::vector<CurvePoint> points(stored.data(), stored.data() + stored.size());
    if (!std::all_of(points.begin(), points.end(), is_point))
        corrupt("the calibration has a k or an ef of 0, or a recall that is not from 0 to 1");
    return {std::move(points), state_.curve_rows};
}

Codec Index::Opening::read_codec(size_t number) const {
    const auto saved = read_struct<SavedCodec>(section(Kind::codec, number));
    CodecOptions options;
    options.width = checked_enum(saved.width, Width::int8, "width");
    options.scale = checked_enum(saved.scale, Scale::global, "scale");
    options.calibration = checked_enum(saved.calibration, Calibration::entropy, "calibration");
    options.percentile = saved.percentile;
    options.center = (saved.flags & kCentres) != 0;
    options.rotate = (saved.flags & kRotates) != 0;
    options.unbiased = (saved.flags & kUnbiased) != 0;
    options.seed = saved.seed;
    Codec codec(state_.dim, options, active_engine().quantizing);
    const auto mean = array<float>(section(Kind::codec_mean, number));
    const auto scales = array<float>(section(Kind::codec_scales, number));
    if ((saved.flags & kFitted) != 0)
        codec.restore({mean.data(), mean.size()}, {scales.data(), scales.size()});
    else if (state_.rows > 0)
        corrupt("the file has rows of a codec that is not fitted");
    return codec;
}

void Index::Opening::fill(Index& index) const {
    checked(state_.linked_by, static_cast<uint32_t>(index.link_),
            static_cast<uint32_t>(index.link_), "linked_by");
    const size_t rows = state_.rows;
    fill_store(index.store_, index.affine_, 0);
    if (index.wide_) fill_store(*index.wide_, index.wide_affine_, 1);
    if (index.has_link_affine())
        index.link_affine_ = array<Affine>(section(Kind::link_affine), rows, 1, Use::at_random);
    auto order = array<uint32_t>(section(Kind::order));
    if (order.size() != 0 && order.size() != rows) corrupt("the order is not of all rows");
    index.ids_.restore(array<int64_t>(section(Kind::ids), rows, 1, Use::nearby), std::move(order),
                       state_.largest_id);
    index.aside_ = array<uint32_t>(section(Kind::aside));
    if (index.aside_.size() > rows) corrupt("more rows are aside than there are");
    fill_graph(index.graph_, index.flat());
    restore_slots(index.slots_);
    index.levels_ = Random(state_.levels);
    index.unit_ = state_.unit;
    index.pace_ = pace();
    index.curve_ = curve();
    index.unswept_ = state_.unswept;
    index.file_ = file_;
    index.seen_files_.note_opened(path_, file_->table());
    index.looked_over_ = false;
}

void Index::Opening::fill_store(Store& store, Array<Affine>& affine, size_t number) const {
    const size_t rows = state_.rows;
    affine = array<Affine>(section(Kind::affine, number), rows, 1, Use::at_random);
    store.restore(array<std::byte>(section(Kind::codes, number), rows, store.codec().row_bytes(),
                                   Use::at_random),
                  array<RowConstants>(section(Kind::constants, number), rows, 1, Use::at_random));
}

// Where a link may lead to a vacant row, by the file, it is as if the row had just been removed.
void Index::Opening::restore_slots(Slots& slots) const {
    const SectionEntry* entry = file_->table().find(section(Kind::vacant));
    if (entry == nullptr) return slots.restore(state_.rows, {});
    const auto vacant = array<uint32_t>(entry->id);
    for (size_t i = 0; i < vacant.size(); ++i)
        if (vacant[i] >= state_.rows || (i > 0 && vacant[i] <= vacant[i - 1]))
            corrupt("vacant rows are out of range or order");
    slots.restore(state_.rows, {vacant.data(), vacant.size()});
}

Graph::Stored Index::Opening::layer(size_t number, size_t degree, size_t most) const {
    Graph::Stored layer(degree);
    const bool base = number == 0;
    const SectionEntry& links = entry_of(section(Kind::links, number));
    if (base ? links.count != most : links.count == 0 || links.count > most)
        corrupt(name_of(links.id) + " has " + std::to_string(links.count) + " nodes, expected " +
                (base ? "" : "1 to ") + std::to_string(most));
    layer.nodes = links.count;
    layer.links =
        array<uint32_t>(links.id, layer.nodes, degree, base ? Use::at_random : Use::nearby);
    if (base) return layer;
    layer.rows = array<uint32_t>(section(Kind::layer_rows, number), layer.nodes, 1, Use::nearby);
    layer.below = array<uint32_t>(section(Kind::layer_below, number), layer.nodes, 1, Use::nearby);
    return layer;
}

void Index::Opening::fill_graph(Graph& graph, bool flat) const {
    std::vector<Graph::Stored> layers;
    layers.push_back(layer(0, graph.degree(), state_.rows));
    while (file_->table().find(section(Kind::links, layers.size())) != nullptr) {
        if (flat || layers.size() == kMostLayers) corrupt("the graph has too many layers");
        layers.push_back(layer(layers.size(), graph.degree() / 2, layers.back().nodes));
    }
    checked(state_.entered, 1, layers.size(), "entered");
    const auto entries = array<uint32_t>(section(Kind::entries));
    const size_t nodes = layers[state_.entered - 1].nodes;
    if (entries.size() > kMostEntries || (entries.size() == 0 && nodes > 0 && !flat))
        corrupt("the graph has " + std::to_string(entries.size()) + " entries");
    const std::vector<uint32_t> entered(entries.data(), entries.data() + entries.size());
    for (const uint32_t node : entered)
        if (node >= nodes) corrupt("an entry of the graph is no node");
    graph.restore(std::move(layers));
    graph.enter_at(entered, state_.entered);
}

void Index::own_walked() {
    const std::lock_guard writing(writing_);
    const auto alone = turnstile_.write();
    require_unsaved();
    graph_.own();
    store_.own_codes();
    affine_.own();
    ids_.own();
}

// Before an index changes.
void Index::require_changeable() {
    if (rebuilt_) refuse("index", "index is being refitted or compacted, which has to end first");
    if (!file_ || looked_over_) return;
    if (!file_->writable())
        throw Error(VECQ_READ_ONLY, "writable",
                    "the index was opened to be read, open it with writable=True to add to it");
    require_sound();
    looked_over_ = true;
}

// Before all is put into other places.
void Index::require_unsaved() const {
    if (saved_) refuse("index", "index is being saved, which has to end first");
}

// Walks check what they read. Changes also write by what upper layers and lists of rows say, which are
// small.
void Index::require_sound() const {
    require_sound_layers();
    require_sound_lists();
}

void Index::require_sound_layers() const {
    for (size_t layer = 1; layer < graph_.layers().size(); ++layer)
        for (size_t node = 0; node < graph_.layers()[layer].count; ++node)
            if (!graph_.has_place(layer, node))
                corrupt("node " + std::to_string(node) + " of layer " + std::to_string(layer) +
                        " has no place in the layer below");
    if (graph_.entries().empty() && aside_.size() < slots_.count())
        corrupt("the graph has no entries");
    for (const uint32_t row : entry_rows())
        if (!slots_.shows(row)) corrupt("the graph is entered at a row that is vacant");
}

void Index::require_sound_lists() const {
    for (size_t i = 0; i < aside_.size(); ++i)
        if (!slots_.shows(aside_[i]) || (i > 0 && aside_[i] <= aside_[i - 1]))
            corrupt("rows aside are vacant, or out of range or order");
    for (const uint32_t row : slots_.vacant())
        if (!ids_.is_empty(row))
            corrupt("row " + std::to_string(row) + " is vacant, but has an id");
}

}  // namespace vecq
