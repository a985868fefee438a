#include "index/saving.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/status.hpp"

namespace vecq {
namespace {

// Bytes that are summed and then written, while they are in cache, and those of a step.
constexpr uint64_t kBlock = uint64_t{1} << 20, kStepBytes = uint64_t{8} << 20;
static_assert(kBlock % Checksum::kStep == 0);

// The first version of the library that knows these sections.
constexpr char kSince[kVersionLength] = "0.1.0";

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

}  // namespace

Saving::Hold::Hold(const Index& index) : index(index) {
    const auto lock = index.turnstile_.read();
    if (index.addition_ || index.store_.size() != index.slots_.extent())
        refuse("index", "index is being added to, save it before or after that");
    ++index.savings_;
}

Saving::Saving(const Index& index, const std::string& path)
    : hold_(index), index_(index), state_{}, codecs_{}, file_(path, list_all()) {
    std::memcpy(table_.header.library, VECQ_VERSION, sizeof VECQ_VERSION);
    std::memcpy(table_.header.needed, kSince, sizeof kSince);
}

template <class T>
void Saving::list(SectionId id, const T* data, size_t count, size_t per_element) {
    SectionEntry entry{};
    entry.id = id;
    entry.flags = kRequired;
    entry.element_bytes = per_element * sizeof(T);
    entry.count = count;
    std::memcpy(entry.since, kSince, sizeof kSince);
    table_.sections.push_back(entry);
    data_.push_back(reinterpret_cast<const std::byte*>(data));
}

void Saving::list_codec(const Store& store, size_t number) {
    const Codec& codec = store.codec();
    codecs_[number] = saved(codec);
    list(section(Kind::codec, number), &codecs_[number], 1);
    list(section(Kind::codec_mean, number), codec.mean().data(), codec.mean().size());
    list(section(Kind::codec_scales, number), codec.scales().data(), codec.scales().size());
}

void Saving::list_layer(size_t number) {
    const Graph::Stored& layer = index_.graph_.stored()[number];
    list(section(Kind::links, number), layer.links.data(), layer.nodes, layer.degree);
    if (number == 0) return;
    list(section(Kind::layer_rows, number), layer.rows.data(), layer.nodes);
    list(section(Kind::layer_below, number), layer.below.data(), layer.nodes);
}

void Saving::list_rows(const Store& store, const Array<Affine>& affine, size_t number) {
    const Rows rows = store.rows();
    list(section(Kind::affine, number), affine.data(), rows.count);
    list(section(Kind::codes, number), rows.data, rows.count, rows.row_bytes);
    list(section(Kind::constants, number), store.constants(), rows.count);
}

// What few look at comes first, what every walk does next, and last what is seldom needed.
uint64_t Saving::list_all() {
    const Index& index = index_;
    const IndexOptions& options = index.options_;
    state_.metric = static_cast<uint32_t>(options.metric);
    state_.link = static_cast<uint32_t>(options.link);
    state_.linked_by = static_cast<uint32_t>(index.link_);
    state_.entered = static_cast<uint32_t>(index.graph_.entered());
    state_.dim = index.dim_;
    state_.m = options.m;
    state_.ef_construction = options.ef_construction;
    state_.seed = options.seed;
    state_.rows = index.slots_.extent();
    state_.levels = index.levels_.state();
    state_.unswept = index.unswept_;
    state_.largest_id = index.ids_.largest();
    state_.unit = index.unit_;
    vacant_ = index.slots_.vacant();
    const Pace& pace = index.pace_;
    state_.growth = pace.growth;
    state_.pace_rows = pace.rows;
    const double seconds[] = {pace.walk.fixed,       pace.walk.slope,    pace.walk_alone.fixed,
                              pace.walk_alone.slope, pace.row,           pace.row_alone,
                              pace.gathered,         pace.gathered_alone};
    if (pace.rows > 0) std::copy(std::begin(seconds), std::end(seconds), state_.pace);
    list(section(Kind::index), &state_, 1);
    list_codec(index.store_, 0);
    if (index.wide_) list_codec(*index.wide_, 1);
    list(section(Kind::entries), index.graph_.entries().data(), index.graph_.entries().size());
    list(section(Kind::aside), index.aside_.data(), index.aside_.size());
    if (!vacant_.empty()) list(section(Kind::vacant), vacant_.data(), vacant_.size());
    for (size_t layer = index.graph_.stored().size(); layer-- > 0;) list_layer(layer);
    list(section(Kind::ids), index.ids_.data(), index.ids_.size());
    list(section(Kind::order), index.ids_.order().data(), index.ids_.order().size());
    if (!index.curve_.empty()) {
        list(section(Kind::curve), index.curve_.data(), index.curve_.size());
        table_.sections.back().flags = 0;  // whoever doesn't know it is not misled
    }
    list_rows(index.store_, index.affine_, 0);
    if (index.has_link_affine())
        list(section(Kind::link_affine), index.link_affine_.data(), index.link_affine_.size());
    if (index.wide_) list_rows(*index.wide_, index.wide_affine_, 1);

    uint64_t end = sizeof(FileHeader) + table_.sections.size() * sizeof(SectionEntry);
    for (SectionEntry& entry : table_.sections) {
        entry.offset = section_start(end);
        end = entry.end();
        total_ += entry.bytes();
    }
    total_ += sizeof(FileHeader);  // the last thing to be done
    return end;
}

Progress Saving::step() {
    for (uint64_t left = kStepBytes; left > 0 && section_ < data_.size();)
        left -= write_block(left);
    if (section_ == data_.size() && done_ < total_) write_table();
    return {done_, total_};
}

// Of the section that is being written, or goes on to the next. Returns how much.
uint64_t Saving::write_block(uint64_t most) {
    SectionEntry& entry = table_.sections[section_];
    const uint64_t bytes = std::min({most, kBlock, entry.bytes() - written_});
    if (bytes > 0) {
        const std::byte* from = data_[section_] + written_;
        sum_.add(from, bytes);
        file_.write(entry.offset + written_, from, bytes);
    }
    written_ += bytes;
    done_ += bytes;
    if (written_ == entry.bytes()) {
        entry.checksum = std::exchange(sum_, {}).value();
        written_ = 0;
        ++section_;
    }
    return bytes;
}

// Last, so that no file is whole before all of it is.
void Saving::write_table() {
    seal(table_, table_.sections.back().end());
    file_.write(0, &table_.header, sizeof table_.header);
    file_.write(sizeof table_.header, table_.sections.data(),
                table_.sections.size() * sizeof(SectionEntry));
    file_.finish();
    done_ = total_;
}

}  // namespace vecq
