#include <algorithm>
#include <numeric>

#include "base/pool.hpp"
#include "index/addition.hpp"
#include "index/index.hpp"

namespace vecq {
namespace {

// Shorter than this, against the rows' usual length, a row's inner products are all but zero.
constexpr float kTooShort = 1e-6F;
// Rows that a thread takes at a time.
constexpr size_t kRowsPerTask = 64;
// A graph is small up to here.
constexpr size_t kSmall = 256;

}  // namespace

// Vacant slots that rows of an addition are put into. What links still lead to the vacant ones are
// looked for when there are many of them, for that takes as long as the graph is large.
size_t Index::slots_to_fill(size_t count) {
    if (saved_) return 0;  // as what they were
    const size_t stray = slots_.stray();
    if (slots_.free() < count && stray > 0 && stray * kSweepEvery >= slots_.extent()) sweep_links();
    return std::min(count, slots_.free());
}

// How staged rows are ordered before they are linked: those of the highest levels first, or in a flat
// graph the longest; what has no level comes last, and is put into slots. Equals keep their order.
std::vector<uint32_t> Index::staged_order(const std::vector<uint8_t>& levels, size_t count) const {
    std::vector<uint32_t> order(count);
    std::iota(order.begin(), order.end(), 0);
    const size_t first = slots_.extent();
    if (flat())
        std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
            return store_[first + a].norm > store_[first + b].norm;
        });
    else
        std::stable_sort(order.begin(), order.begin() + static_cast<ptrdiff_t>(levels.size()),
                         [&](uint32_t a, uint32_t b) { return levels[a] > levels[b]; });
    return order;
}

// False: there is nothing to link. On failure nothing is left of what was staged.
bool Index::begin_linking() try {
    const size_t first = slots_.extent(), count = store_.size() - first;
    if (count == 0) return false;
    auto addition = std::make_unique<Addition>();
    const size_t filled = slots_to_fill(count), appended = count - filled;
    std::vector<uint8_t> levels(appended);
    if (!flat())
        for (uint8_t& level : levels)
            while (level < kHighestLevel && levels_.below(options_.m) == 0) ++level;
    const std::vector<uint32_t> order = staged_order(levels, count);
    std::sort(levels.rbegin(), levels.rend());
    addition->rows.resize(count);
    std::iota(addition->rows.begin(), addition->rows.end(), static_cast<uint32_t>(first));
    addition->updates = ids_.replaces();
    addition->rows_before = slots_.count();
    store_.permute(first, order);
    if (wide_) wide_->permute(first, order);
    resize_affines();
    if (flat() && unit_ == 0) unit_ = usual_norm(count);
    for (const uint32_t row : addition->rows) fill_affine(row);
    graph_.clear_ahead(first + appended);
    {
        const auto alone = turnstile_.write();
        if (addition->updates || filled > 0) ids_.keep();
        slots_.reserve(store_.size(), filled + (addition->updates ? count : 0));
        if (addition->updates || filled > 0) heirs_.resize(slots_.extent(), kNone);
        graph_.extend(levels);
        ids_.permute(first, order);
        put_into_slots(*addition, filled);
    }
    addition->in_graph = count;
    if (flat()) {
        while (addition->in_graph > 0 &&
               !(store_[addition->rows[addition->in_graph - 1]].norm > kTooShort * unit_))
            --addition->in_graph;
    }
    addition_ = std::move(addition);
    return true;
} catch (...) {
    const auto alone = turnstile_.write();
    truncate(slots_.extent());
    throw;
}

// The last `filled` of the staged rows. Does not fail.
void Index::put_into_slots(Addition& addition, size_t filled) {
    if (filled == 0) return;
    std::vector<uint32_t>& rows = addition.rows;
    for (size_t i = rows.size(); i-- > rows.size() - filled;) {
        rows[i] = slots_.put();
        store_.move_last(rows[i]);
        if (wide_) wide_->move_last(rows[i]);
        ids_.move_last(rows[i]);
        fill_affine(rows[i]);
    }
    resize_affines();
    if (flat()) return;
    const GraphView all{graph_.layers().data(), graph_.layers().size(), nullptr, 0};
    std::stable_sort(rows.begin(), rows.end(),
                     [&](uint32_t a, uint32_t b) { return level_of(all, a) > level_of(all, b); });
}

void Index::resize_affines() {
    affine_.resize(store_.size());
    if (wide_) wide_affine_.resize(store_.size());
    if (has_link_affine()) link_affine_.resize(store_.size());
}

// The median of the first rows, which now are in order; the largest if most are zero.
float Index::usual_norm(size_t count) const {
    const float median = store_[slots_.extent() + count / 2].norm;
    return median > 0 ? median : store_[slots_.extent()].norm;
}

void Index::fill_affine(uint32_t row) {
    const RowConstants& own = store_[row];
    affine_[row] = affine_of(options_.metric, own);
    if (wide_) wide_affine_[row] = affine_of(options_.metric, (*wide_)[row]);
    if (has_link_affine()) link_affine_[row] = link_affine_of(own);
}

Affine Index::link_affine_of(const RowConstants& row) const {
    if (link_ == Link::automatic) return affine_of(Metric::l2, row);
    if (link_ == Link::cosine) return {row.scale / row.norm, 0};
    const double length = double{row.norm} / unit_, scale = double{row.scale} / unit_;
    return {static_cast<float>(2 * scale / (length * length)),
            static_cast<float>(-1 / (length * length))};
}

LinkMeasure Index::measure() const {
    const bool distance =
        options_.metric == Metric::l2 || link_ == Link::moebius || link_ == Link::automatic;
    return {distance ? 0.5F : 1.0F, distance ? 1.0F : 0.0F};
}

LinkWorker& Index::worker(size_t number) {
    while (workers_.size() <= number) {
        auto worker = std::make_unique<LinkWorker>();
        worker->room = Memory(kernels_.link_room(store_.codec().row_bytes()));
        workers_.push_back(std::move(worker));
    }
    return *workers_[number];
}

RowLinkJob Index::link_job() {
    RowLinkJob job{};
    job.link = {graph_.view(), options_.m, options_.ef_construction, slots_.taken(), &locks_};
    job.scored = scored_for_links();
    job.measure = measure();
    job.turns = 1;
    return job;
}

// The next rows of the addition, up to number `to`.
void Index::link_range(size_t to, size_t threads, size_t turns) {
    const size_t from = addition_->linked, tasks = (to - from + kRowsPerTask - 1) / kRowsPerTask;
    const size_t workers = workers_for(threads, tasks);
    worker(workers - 1);
    RowLinkJob all = link_job();
    all.turns = turns;
    const std::span<const uint32_t> rows = addition_->rows;
    torn_ = true;
    parallel_for(workers, tasks, [&](size_t task, size_t number) {
        const size_t first = from + task * kRowsPerTask;
        RowLinkJob job = all;
        job.rows = rows.subspan(first, std::min(kRowsPerTask, to - first));
        LinkWorker& own = *workers_[number];
        kernels_.link(job, own.scratch, own.room.as<std::byte>());
    });
    show(to);
    torn_ = false;
}

// Lets searches see the next rows of the addition, in place of those that they replace.
void Index::show(size_t to) {
    std::vector<uint32_t> gone;
    if (addition_->updates) gone.reserve(to - addition_->linked);
    {
        const auto alone = turnstile_.write();
        while (addition_->linked < to) show_next(gone);
    }
    unlink(gone);
}

void Index::show_next(std::vector<uint32_t>& gone) {
    const uint32_t row = addition_->rows[addition_->linked];
    const uint32_t replaced = addition_->updates ? ids_.find(ids_[row]) : row;
    if (replaced != row) {
        leave_entries(replaced);
        changes_->note({row, Change::Kind::moved, replaced});
    } else if (row < slots_.extent()) {
        changes_->note({row, Change::Kind::added});
    }
    ++addition_->linked;
    slots_.show(row);
    if (replaced == row) return;
    ids_.replace(row);
    if (!is_aside(replaced)) gone.push_back(replaced);
    hide(replaced);
}

// The first rows of an addition may be where walks begin from then on.
void Index::link_first() {
    const size_t count = std::min(flat() ? kEntries : 1, addition_->in_graph);
    for (size_t i = 0; i < count; ++i) {
        link_range(i + 1, 1, 1);
        const auto alone = turnstile_.write();
        enter_at(addition_->rows[i]);
    }
}

void Index::finish_linking() {
    {
        const auto alone = turnstile_.write();
        aside_.reserve(aside_.size() + addition_->rows.size() - addition_->in_graph);
        for (size_t i = addition_->linked; i < addition_->rows.size(); ++i)
            if (!is_aside(addition_->rows[i])) put_aside(addition_->rows[i]);
    }
    show(addition_->rows.size());
    choose_samples();
}

// What is linked together does not see each other: a small graph is built row by row.
size_t Index::rows_linked_alone() const {
    const size_t count = std::max(kEntries, kSmall - std::min(kSmall, addition_->rows_before));
    return (count + kRowsPerTask - 1) / kRowsPerTask * kRowsPerTask;
}

Progress Index::link(size_t rows, size_t threads) {
    const std::lock_guard writing(writing_);
    if (!addition_ && !begin_linking()) return {0, 0};
    Addition& addition = *addition_;
    const size_t total = addition.rows.size(), end = addition.in_graph;
    if (addition.linked < total) {
        // Where calls end has no part in which rows are linked together.
        const size_t whole = (addition.linked + std::min(rows, total)) / kRowsPerTask + 1;
        const size_t to = std::min(whole * kRowsPerTask, end);
        const size_t alone = std::min(to, rows_linked_alone());
        if (addition.linked == 0) link_first();
        if (addition.linked < alone) link_range(alone, 1, 1);
        if (addition.linked < to) link_range(to, threads, kMostTurns);
        if (addition.linked == end) finish_linking();
    } else if (addition.sampled < samples()) {
        connect_samples(threads);
    }
    return {addition.linked + addition.sampled, total + samples()};
}

void Index::settle() {
    const std::lock_guard writing(writing_);
    const std::unique_ptr<Addition> addition = std::move(addition_);
    drop_unlinked(addition.get());
    users_.clear();
    imported_.reset();
    if (torn_) {
        sweep_links();
        unswept_ = slots_.extent();
        torn_ = false;
    }
    if (!addition) return;
    sweep(addition->linked);
    measure_pace();
}

bool Index::is_settled() const {
    return !addition_ && !imported_ && users_.empty() && !torn_ && slots_.extent() > 0 &&
           store_.size() == slots_.extent();
}

void Index::end_addition() {
    {
        const std::lock_guard writing(writing_);
        if (is_settled()) return;
    }
    settle();
}

bool Index::add_few(const float* vectors, size_t count, const int64_t* ids, bool updating) {
    if (size() == 0) return false;
    stage(vectors, count, ids, updating, 0, 1);
    try {
        for (Progress now{0, 1}; now.done < now.total;) now = link(count, 1);
    } catch (...) {
        settle();
        throw;
    }
    settle();
    return true;
}

void Index::drop_unlinked(const Addition* addition) {
    const auto alone = turnstile_.write();
    for (size_t i = addition ? addition->linked : 0; addition && i < addition->rows.size(); ++i) {
        const uint32_t row = addition->rows[i];
        if (is_aside(row)) take_from_aside(row);
        if (row >= slots_.extent()) continue;
        ids_.erase(row);
        slots_.vacate(row);
        heirs_[row] = kNone;
    }
    truncate(slots_.extent());
    ids_.settle();
    changes_->catch_up(slots_.extent());
}

}  // namespace vecq
