#include <algorithm>
#include <numeric>
#include <utility>

#include "base/pool.hpp"
#include "index/addition.hpp"
#include "index/index.hpp"

namespace vecq {
namespace {

// Where walks for inner products begin: at the longest rows.
constexpr size_t kEntries = 32;
// Shorter than this, against the rows' usual length, a row's inner products are all but zero.
constexpr float kTooShort = 1e-6F;
// Rows that a thread takes at a time.
constexpr size_t kRowsPerTask = 64;
// A graph is small up to here.
constexpr size_t kSmall = 256;

}  // namespace

// Rows of equal level, or of a flat graph of equal length, keep their order.
std::vector<uint32_t> Index::link_order(const std::vector<uint8_t>& levels) const {
    std::vector<uint32_t> order(levels.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
        if (flat()) return store_[linked_ + a].norm > store_[linked_ + b].norm;
        return levels[a] > levels[b];
    });
    return order;
}

// False: there is nothing to link. On failure nothing is left of what was staged.
bool Index::begin_linking() try {
    const size_t count = store_.size() - linked_;
    if (count == 0) return false;
    auto addition = std::make_unique<Addition>();
    addition->first = linked_;
    addition->levels.resize(count);
    if (!flat())
        for (uint8_t& level : addition->levels)
            while (level < kHighestLevel && levels_.below(options_.m) == 0) ++level;
    const std::vector<uint32_t> order = link_order(addition->levels);
    std::sort(addition->levels.rbegin(), addition->levels.rend());
    graph_.extend(addition->levels);
    store_.permute(linked_, order);
    if (wide_) wide_->permute(linked_, order);
    ids_.permute(linked_, order);
    if (flat() && unit_ == 0) unit_ = usual_norm(count);
    fill_affines();
    addition->in_graph = count;
    if (flat()) {
        while (addition->in_graph > 0 &&
               !(store_[linked_ + addition->in_graph - 1].norm > kTooShort * unit_))
            --addition->in_graph;
    }
    addition_ = std::move(addition);
    return true;
} catch (...) {
    truncate(linked_);
    throw;
}

// The median of the first rows, which now are in order; the largest if most are zero.
float Index::usual_norm(size_t count) const {
    const float median = store_[linked_ + count / 2].norm;
    return median > 0 ? median : store_[linked_].norm;
}

void Index::fill_affines() {
    affine_.resize(store_.size());
    if (wide_) wide_affine_.resize(store_.size());
    if (has_link_affine()) link_affine_.resize(store_.size());
    for (size_t row = linked_; row < store_.size(); ++row) {
        const RowConstants& own = store_[row];
        affine_[row] = affine_of(options_.metric, own);
        if (wide_) wide_affine_[row] = affine_of(options_.metric, (*wide_)[row]);
        if (!has_link_affine()) continue;
        if (link_ == Link::automatic) {
            link_affine_[row] = affine_of(Metric::l2, own);
            continue;
        }
        if (link_ == Link::cosine) {
            link_affine_[row] = {own.scale / own.norm, 0};
            continue;
        }
        const double length = double{own.norm} / unit_, scale = double{own.scale} / unit_;
        link_affine_[row] = {static_cast<float>(2 * scale / (length * length)),
                             static_cast<float>(-1 / (length * length))};
    }
}

// Offers a linked row as one where walks begin.
void Index::enter_at_longest(uint32_t row) {
    std::vector<uint32_t> rows(graph_.entries().begin(), graph_.entries().end());
    const auto place = std::upper_bound(rows.begin(), rows.end(), row, [&](uint32_t a, uint32_t b) {
        return store_[a].norm > store_[b].norm;
    });
    rows.insert(place, row);
    rows.resize(std::min(rows.size(), kEntries));
    graph_.enter_at(std::move(rows), 1);
}

LinkMeasure Index::measure() const {
    const bool distance =
        options_.metric == Metric::l2 || link_ == Link::moebius || link_ == Link::automatic;
    return {distance ? 0.5F : 1.0F, distance ? 1.0F : 0.0F};
}

void Index::link_range(size_t from, size_t to, size_t threads, size_t turns) {
    Addition& addition = *addition_;
    const size_t tasks = (to - from + kRowsPerTask - 1) / kRowsPerTask;
    const size_t workers = workers_for(threads, tasks);
    while (addition.workers.size() < workers) {
        addition.workers.push_back(std::make_unique<LinkWorker>());
        addition.workers.back()->room = Memory(kernels_.link_room(store_.codec().row_bytes()));
    }
    RowLinkJob all{};
    all.link = {graph_.view(),          options_.m,     options_.ef_construction,
                addition.levels.data(), addition.first, &addition.locks};
    all.scored = scored_for_links();
    all.measure = measure();
    all.turns = turns;
    torn_ = true;
    parallel_for(workers, tasks, [&](size_t task, size_t worker) {
        uint32_t rows[kRowsPerTask];
        const size_t first = from + task * kRowsPerTask;
        const size_t count = std::min(kRowsPerTask, to - first);
        std::iota(rows, rows + count, static_cast<uint32_t>(first));
        RowLinkJob job = all;
        job.rows = {rows, count};
        LinkWorker& own = *addition.workers[worker];
        kernels_.link(job, own.scratch, own.room.as<std::byte>());
    });
    torn_ = false;
    linked_ = to;
}

// The first rows of an addition may be where walks begin from then on: the longest, or one that is on
// more layers than any before.
void Index::link_first(size_t end) {
    const size_t count = std::min(flat() ? kEntries : 1, end - linked_);
    for (size_t i = 0; i < count; ++i) {
        const auto row = static_cast<uint32_t>(linked_);
        link_range(linked_, linked_ + 1, 1, 1);
        if (flat()) {
            enter_at_longest(row);
            continue;
        }
        const size_t layers = addition_->levels.front() + size_t{1};
        if (graph_.entries().empty() || layers > graph_.view().layer_count)
            graph_.enter_at({graph_.layers()[layers - 1].node_of(row)}, layers);
    }
}

void Index::finish_linking() {
    for (; linked_ < store_.size(); ++linked_) {
        aside_.resize(aside_.size() + 1);
        aside_[aside_.size() - 1] = static_cast<uint32_t>(linked_);
    }
    choose_samples();
}

// What is linked together does not see each other: a small graph is built row by row.
size_t Index::rows_linked_alone() const {
    const size_t first = addition_->first;
    const size_t count = std::max(kEntries, kSmall - std::min(kSmall, first));
    return first + (count + kRowsPerTask - 1) / kRowsPerTask * kRowsPerTask;
}

Progress Index::link(size_t rows, size_t threads) {
    const auto lock = turnstile_.write();
    if (!addition_ && !begin_linking()) return {0, 0};
    Addition& addition = *addition_;
    const size_t end = addition.first + addition.in_graph;
    if (linked_ < store_.size()) {
        // Where calls end has no part in which rows are linked together.
        const size_t so_far = linked_ - addition.first;
        const size_t whole = (so_far + std::min(rows, store_.size())) / kRowsPerTask + 1;
        const size_t to = std::min(addition.first + whole * kRowsPerTask, end);
        const size_t alone = std::min(to, rows_linked_alone());
        if (linked_ == addition.first) link_first(end);
        if (linked_ < alone) link_range(linked_, alone, 1, 1);
        if (linked_ < to) link_range(linked_, to, threads, kMostTurns);
        if (linked_ == end) finish_linking();
    } else if (addition.sampled < samples()) {
        connect_samples(threads);
    }
    return {linked_ - addition.first + addition.sampled, addition.levels.size() + samples()};
}

void Index::settle() {
    const auto lock = turnstile_.write();
    truncate(linked_);
    const std::unique_ptr<Addition> addition = std::move(addition_);
    users_.clear();
    imported_.reset();
    if (std::exchange(torn_, false)) {
        graph_.drop_stray_links();
        unswept_ = linked_;
    }
    if (!addition) return;
    sweep(linked_ - addition->first);
    measure_pace();
}

}  // namespace vecq
