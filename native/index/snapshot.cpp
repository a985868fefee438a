#include "index/snapshot.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <utility>

#include "base/status.hpp"
#include "index/addition.hpp"

namespace vecq {
namespace {

SavedCodec saved(const Codec& codec) {
    const CodecOptions& options = codec.options();
    SavedCodec saved{};
    saved.width = static_cast<uint32_t>(options.width);
    saved.scale = static_cast<uint32_t>(options.scale);
    saved.calibration = static_cast<uint32_t>(options.calibration);
    saved.flags = (options.center ? kCentres : 0) | (options.rotate ? kRotates : 0) |
                  (options.unbiased ? kUnbiased : 0) | (codec.fitted() ? kFitted : 0);
    saved.percentile = options.percentile;
    saved.seed = options.seed;
    return saved;
}

template <class T>
std::vector<T> copied(const T* first, size_t count) {
    return std::vector<T>(first, first + count);
}

}  // namespace

Snapshot::Snapshot(Index& index) : index_(index) {
    const std::lock_guard writing(index.writing_);
    if (index.saved_) refuse("index", "index is being saved already");
    if (index.rebuilt_)
        refuse("index", "index is being refitted or compacted, which has to end first");
    const auto start = std::chrono::steady_clock::now();
    take();
    {
        const auto alone = index.turnstile_.write();
        index.graph_.keep_lists(&*keeper_);
    }
    index.saved_ = true;
    pause_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

Snapshot::~Snapshot() {
    const std::lock_guard writing(index_.writing_);
    const auto alone = index_.turnstile_.write();
    index_.graph_.keep_lists(nullptr);
    index_.saved_ = false;
}

void Snapshot::read(const Part& part, uint64_t from, uint64_t bytes, std::byte* to) const {
    const auto lock = index_.turnstile_.read();
    part.read(from, bytes, to);
}

// What few look at comes first, what every walk does next, and last what is seldom needed.
void Snapshot::take() {
    const Index& index = index_;
    const std::span<const uint32_t> entries = index.graph_.entries();
    rows_ = index.slots_.count() == 0 ? 0 : index.slots_.extent();
    stray_ = index.addition_ || index.torn_ || !index.links_lead_to_items();
    take_shown();
    take_state();
    take_codec(index.store_, 0);
    if (index.wide_) take_codec(*index.wide_, 1);
    keep(section(Kind::entries), copied(entries.data(), entries.size()));
    keep(section(Kind::aside), copied(index.aside_.data(), index.aside_.size()));
    take_vacant();
    for (size_t layer = index.graph_.stored().size(); layer-- > 1;) take_upper_layer(layer);
    take_lists();
    refer(section(Kind::ids), sizeof(int64_t), rows_, [&index] { return index.ids_.data(); });
    take_order();
    // Whoever doesn't know the calibration is not misled.
    if (!index.curve_.points.empty())
        keep(section(Kind::curve), index.curve_.points).required = false;
    take_rows(index.store_, index.affine_, 0);
    if (index.has_link_affine())
        refer(section(Kind::link_affine), sizeof(Affine), rows_,
              [&index] { return index.link_affine_.data(); });
    if (index.wide_) take_rows(*index.wide_, index.wide_affine_, 1);
}

void Snapshot::take_shown() {
    if (const uint64_t* shown = index_.slots_.shown()) shown_ = copied(shown, (rows_ + 63) / 64);
}

bool Snapshot::holds(uint32_t row) const {
    return row < rows_ && (shown_.empty() || (shown_[row / 64] >> row % 64 & 1) != 0);
}

void Snapshot::take_vacant() {
    std::vector<uint32_t> vacant;
    for (uint32_t row = 0; row < rows_ && !shown_.empty(); ++row)
        if (!holds(row)) vacant.push_back(row);
    if (!vacant.empty()) keep(section(Kind::vacant), std::move(vacant));
}

void Snapshot::take_state() {
    const Index& index = index_;
    const IndexOptions& options = index.options_;
    SavedIndex state{};
    state.metric = static_cast<uint32_t>(options.metric);
    state.link = static_cast<uint32_t>(options.link);
    state.linked_by = static_cast<uint32_t>(index.link_);
    state.entered = static_cast<uint32_t>(index.graph_.entered());
    state.dim = index.dim_;
    state.m = options.m;
    state.ef_construction = options.ef_construction;
    state.seed = options.seed;
    state.rows = rows_;
    state.levels = index.levels_.state();
    state.unswept = index.addition_ ? rows_ : std::min(index.unswept_, rows_);
    state.largest_id = index.ids_.largest();
    state.unit = index.unit_;
    const Pace& pace = index.pace_;
    state.growth = pace.growth;
    state.pace_rows = std::min(pace.rows, rows_);
    state.curve_rows = index.curve_.rows;
    const double seconds[] = {pace.walk.fixed,       pace.walk.slope,    pace.walk_alone.fixed,
                              pace.walk_alone.slope, pace.row,           pace.row_alone,
                              pace.gathered,         pace.gathered_alone};
    if (pace.rows > 0) std::copy(std::begin(seconds), std::end(seconds), state.pace);
    keep(section(Kind::index), std::vector{state});
}

void Snapshot::take_codec(const Store& store, size_t number) {
    const Codec& codec = rows_ == 0 ? store.given() : store.codec();
    keep(section(Kind::codec, number), std::vector{saved(codec)});
    keep(section(Kind::codec_mean, number), copied(codec.mean().data(), codec.mean().size()));
    keep(section(Kind::codec_scales, number), copied(codec.scales().data(), codec.scales().size()));
}

// A layer that only rows to come are on is not there yet.
void Snapshot::take_upper_layer(size_t number) {
    const Layer& layer = index_.graph_.layers()[number];
    const size_t count = std::lower_bound(layer.rows, layer.rows + layer.count, rows_) - layer.rows;
    if (count == 0) return;
    std::vector<uint32_t> links = copied(layer.links, count * layer.degree);
    clean(layer, count, 0, count, links.data());
    keep(section(Kind::links, number), std::move(links), layer.degree);
    keep(section(Kind::layer_rows, number), copied(layer.rows, count));
    keep(section(Kind::layer_below, number), copied(layer.below, count));
}

void Snapshot::take_lists() {
    const Graph& graph = index_.graph_;
    keeper_.emplace(rows_, graph.degree());
    const uint64_t bytes = graph.degree() * sizeof(uint32_t), unit = Keeper::kGroup * bytes;
    parts_.push_back({section(Kind::links), bytes, rows_, true, unit,
                      [this, &graph, unit](uint64_t from, uint64_t bytes, std::byte* to) {
                          const Layer& layer = graph.layers().front();
                          for (uint64_t at = 0; at < bytes; at += unit) {
                              const size_t group = (from + at) / unit;
                              auto* links = reinterpret_cast<uint32_t*>(to + at);
                              keeper_->read(layer, group, links);
                              clean(layer, rows_, group * Keeper::kGroup, keeper_->lists_in(group),
                                    links);
                          }
                      }});
}

// Takes what it does not hold out of lists of nodes from `first` on; of the layer's, `count` are held.
void Snapshot::clean(const Layer& layer, size_t count, size_t first, size_t lists,
                     uint32_t* links) const {
    if (!stray_) return;
    for (size_t i = 0; i < lists; ++i) {
        uint32_t* list = links + i * layer.degree;
        uint32_t* end = list + layer.degree;
        const auto is_gone = [&](uint32_t to) { return to >= count || !holds(layer.row_of(to)); };
        if (holds(layer.row_of(static_cast<uint32_t>(first + i))))
            std::fill(std::remove_if(list, end, is_gone), end, kNone);
        else
            std::fill(list, end, kNone);
    }
}

void Snapshot::take_order() {
    const Array<uint32_t>& all = index_.ids_.order();
    std::vector<uint32_t> order = copied(all.data(), std::min(all.size(), rows_));
    for (uint32_t row = 0; row < order.size(); ++row)
        if (!holds(row)) order[row] = kNoRow;
    keep(section(Kind::order), std::move(order));
}

void Snapshot::take_rows(const Store& store, const Array<Affine>& affine, size_t number) {
    refer(section(Kind::affine, number), sizeof(Affine), rows_,
          [&affine] { return affine.data(); });
    refer(section(Kind::codes, number), store.codec().row_bytes(), rows_,
          [&store] { return store.rows(0).data; });
    refer(section(Kind::constants, number), sizeof(RowConstants), rows_,
          [&store] { return store.constants(); });
}

template <class T>
Snapshot::Part& Snapshot::keep(SectionId id, std::vector<T> elements, size_t per_element) {
    const size_t count = elements.size() / per_element;
    auto kept = std::make_shared<const std::vector<T>>(std::move(elements));
    refer(id, per_element * sizeof(T), count, [kept] { return kept->data(); });
    return parts_.back();
}

template <class Where>
void Snapshot::refer(SectionId id, size_t element_bytes, size_t count, Where where) {
    parts_.push_back(
        {id, element_bytes, count, true, 1, [where](uint64_t from, uint64_t bytes, std::byte* to) {
             std::memcpy(to, reinterpret_cast<const std::byte*>(where()) + from, bytes);
         }});
}

}  // namespace vecq
