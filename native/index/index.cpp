#include "index/index.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/status.hpp"
#include "graph/reach.hpp"
#include "index/addition.hpp"
#include "index/searcher.hpp"

namespace vecq {
namespace {

// Under a centred codec only l2 is a function of the codes' dot and one constant per row.
Link chosen_link(const IndexOptions& options, const Codec& codec) {
    const bool centred = codec.options().center;
    if (options.link == Link::layered && options.metric != Metric::ip)
        refuse("link", "link is layered, which is for metric ip only");
    if (codec.options().scale == Scale::dimension)
        refuse("codec", "codec has a scale for each dimension, so rows can't be compared with each "
                        "other by their codes; expected scale vector or global");
    if (options.metric == Metric::l2) {
        if (options.link == Link::cosine || options.link == Link::moebius)
            refuse("link", "link is for metric ip or cosine, expected auto or metric with l2");
        return Link::metric;
    }
    if (options.metric == Metric::cosine && options.link == Link::moebius)
        refuse("link", "link is moebius, which is for metric ip only");
    if (centred) {
        if (options.link != Link::automatic)
            refuse("link", "link can't be chosen with a codec that centres, expected auto");
        return Link::automatic;
    }
    if (options.metric == Metric::cosine) return Link::cosine;
    return options.link == Link::automatic ? Link::moebius : options.link;
}

}  // namespace

void refuse_unknown(const int64_t* ids, size_t at) {
    refuse("ids", "ids has " + std::to_string(ids[at]) + " at " + std::to_string(at) +
                      ", which is not in the index");
}

Index::Index(const IndexOptions& options, const Codec& codec, const Codec* wide_codec)
    : options_(options),
      dim_(codec.dim()),
      link_(chosen_link(options, codec)),
      kernels_(active_engine()[codec.width()]),
      store_(codec),
      graph_(2 * options.m),
      levels_(options.seed) {
    if (wide_codec != nullptr) wide_.emplace(*wide_codec);
}

Index::~Index() = default;

size_t Index::size() const {
    const auto lock = turnstile_.read();
    return slots_.count();
}

bool Index::flat() const { return options_.metric == Metric::ip && link_ != Link::layered; }

void Index::reserve(size_t rows) {
    const std::lock_guard writing(writing_);
    require_changeable();
    const auto alone = turnstile_.write();
    make_room(rows);
}

void Index::make_room(size_t rows) {
    store_.reserve(rows);
    if (wide_) wide_->reserve(rows);
    ids_.reserve(rows);
    graph_.reserve(rows);
    affine_.reserve(rows);
    if (wide_) wide_affine_.reserve(rows);
    if (has_link_affine()) link_affine_.reserve(rows);
}

bool Index::must_fit() const { return store_.must_fit() || (wide_ && wide_->must_fit()); }

void Index::fit(const float* sample, size_t count) {
    const std::lock_guard writing(writing_);
    require_changeable();
    const auto alone = turnstile_.write();
    if (store_.size() > 0) refuse("sample", "sample comes too late, the index has rows");
    searchers_.clear();  // they refer to the codecs as they were
    if (store_.must_fit()) store_.fit(sample, count);
    if (wide_ && wide_->must_fit()) wide_->fit(sample, count);
}

void Index::stage(const float* vectors, size_t count, const int64_t* ids, bool updating,
                  size_t number, size_t threads) {
    const std::lock_guard writing(writing_);
    require_changeable();
    if (addition_) refuse("vectors", "vectors can't be staged while others are being linked");
    if (store_.size() + count > kMaxRows)
        refuse("vectors", "vectors would make " + std::to_string(store_.size() + count) +
                              " rows, expected at most 2147483648");
    if (must_fit()) refuse("codec", "codec has not been fitted");
    const size_t before = store_.size(), after = before + count;
    try {
        {
            const auto alone = turnstile_.write();
            changes_->require_brought_up();
            make_room(after);
            slots_.reserve(after, updating ? after - slots_.extent() : 0);
        }
        // Behind what searches look at.
        store_.append(vectors, count, number, threads);
        if (wide_) wide_->append(vectors, count, number, threads);
        stage_ids(ids, count, updating, number);
        check_affines(before, number);
    } catch (...) {
        const auto alone = turnstile_.write();
        truncate(before);
        throw;
    }
}

void Index::stage_ids(const int64_t* ids, size_t count, bool updating, size_t number) {
    const auto alone = turnstile_.write();
    if (ids != nullptr)
        ids_.append({ids, count}, number, updating ? slots_.extent() : 0);
    else
        ids_.append_next(count);
}

void Index::check_affines(size_t first, size_t number) const {
    for (size_t row = first; row < store_.size(); ++row) {
        const Affine affine = affine_of(options_.metric, store_[row]);
        if (!std::isfinite(affine.a) || !std::isfinite(affine.c))
            refuse("vectors", "vectors has a squared norm beyond float32 in row " +
                                  std::to_string(number + row - first) + ", scale the data down");
    }
}

void Index::truncate(size_t rows) {
    if (rows == 0) searchers_.clear();
    if (store_.size() > rows || rows == 0) store_.truncate(rows);
    if (wide_ && (wide_->size() > rows || rows == 0)) wide_->truncate(rows);
    if (ids_.size() > rows) ids_.truncate(rows);
    if (graph_.rows() > rows) graph_.truncate(rows);
    if (affine_.size() > rows) affine_.resize(rows);
    if (wide_affine_.size() > rows) wide_affine_.resize(rows);
    if (link_affine_.size() > rows) link_affine_.resize(rows);
}

ScoredRows Index::scored() const { return {store_.rows(slots_.extent()), affine_.data()}; }

ScoredRows Index::scored_for_links() const {
    return {store_.rows(slots_.extent()), has_link_affine() ? link_affine_.data() : affine_.data()};
}

std::vector<uint32_t> Index::unreachable() const {
    const Reach reach(graph_.view());
    std::vector<uint32_t> lost;
    for (uint32_t row = 0; row < slots_.extent(); ++row)
        if (slots_.shows(row) && !reach.holds(row)) lost.push_back(row);
    std::vector<uint32_t> all;
    std::set_difference(lost.begin(), lost.end(), aside_.data(), aside_.data() + aside_.size(),
                        std::back_inserter(all));
    return all;
}

bool is_point(const CurvePoint& point) {
    return point.k > 0 && point.ef > 0 && point.recall >= 0 && point.recall <= 1;
}

void Index::set_curve(Curve curve) {
    for (const CurvePoint& point : curve.points)
        if (!is_point(point))
            refuse("points", "points has a k or an ef of 0, or a recall that is not from 0 to 1");
    if (curve.rows == 0 && !curve.points.empty())
        refuse("rows", "rows is 0, expected those that points were measured on");
    const std::lock_guard writing(writing_);
    const auto alone = turnstile_.write();
    curve_ = std::move(curve);
}

Curve Index::curve() const {
    const auto lock = turnstile_.read();
    return curve_;
}

void Index::get(const int64_t* ids, size_t count, float* vectors) const {
    const auto lock = turnstile_.read();
    ids_.prepare();
    const Store& store = wide_ ? *wide_ : store_;
    RowCoder coder(store.codec());
    for (size_t i = 0; i < count; ++i) {
        const uint32_t row = ids_.find(ids[i]);
        if (!slots_.shows(row)) refuse_unknown(ids, i);
        coder.decode(store.rows(slots_.extent()).at(row), store[row], vectors + i * dim());
    }
}

size_t Index::list_ids(int64_t* ids, size_t room) const {
    const auto lock = turnstile_.read();
    const size_t count = slots_.count();
    if (room < count) return count;
    int64_t* const end = ids + count;
    for (const uint32_t row : ids_.in_order())
        if (slots_.shows(row) && ids < end) *ids++ = ids_[row];
    std::fill(ids, end, -1);  // a file may say anything
    return count;
}

void Index::holds(const int64_t* ids, size_t count, uint8_t* held) const {
    const auto lock = turnstile_.read();
    ids_.prepare();
    for (size_t i = 0; i < count; ++i) held[i] = slots_.shows(ids_.find(ids[i])) ? 1 : 0;
}

size_t Index::items_on(const Layer& layer) const {
    if (slots_.shown() == nullptr) return layer.count;
    size_t items = 0;
    for (uint32_t node = 0; node < layer.count; ++node) items += slots_.shows(layer.row_of(node));
    return items;
}

Store::Clipped Index::clipped() const {
    const std::lock_guard writing(writing_);
    const auto lock = turnstile_.read();  // a refit swaps the stores without `writing_`
    const bool own = codec().options().scale == Scale::global;
    return own || !wide_ ? store_.clipped() : wide_->clipped();
}

IndexStats Index::stats() const {
    const auto lock = turnstile_.read();
    IndexStats stats{};
    stats.rows = slots_.count();
    stats.vacant = slots_.extent() - slots_.count();
    stats.aside = aside_.size();
    stats.unreachable = unreachable().size();
    for (const Layer& layer : graph_.layers()) stats.layer_rows.push_back(items_on(layer));
    stats.degrees.resize(kMaxDegree + 1);
    for (uint32_t row = 0; row < slots_.extent(); ++row)
        if (slots_.shows(row)) ++stats.degrees[graph_.layers().front().links_of(row).size()];
    const size_t affines = has_link_affine() ? 2 : 1;
    stats.code_bytes = slots_.extent() * (store_.row_bytes() + affines * sizeof(Affine));
    stats.link_bytes = graph_.bytes();
    stats.id_bytes = ids_.bytes();
    stats.rerank_bytes = wide_ ? slots_.extent() * (wide_->row_bytes() + sizeof(Affine)) : 0;
    return stats;
}

}  // namespace vecq
