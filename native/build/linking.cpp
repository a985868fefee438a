// The part of the Builder that links staged rows and makes them visible.
#include <algorithm>
#include <functional>
#include <numeric>
#include <optional>
#include <utility>

#include "base/status.hpp"
#include "build/builder.hpp"
#include "build/link_order.hpp"
#include "build/repair_limits.hpp"

namespace vecq {
namespace {

// Graphs of up to this many rows are linked row by row.
constexpr size_t kSmallGraph = 256;

// The part of a bulk build's time that ordering rows takes.
constexpr double kOrderShare = 0.05;
// Lists that are cleared at a time, which takes some 30 ms; Ctrl-C works in between.
constexpr size_t kClearedRows = 1 << 19;

// A bulk build is complete when its rows are shown, not before.
Progress bulk_progress(double done, size_t rows) {
    return {static_cast<size_t>(done * static_cast<double>(rows - 1)), rows};
}

// Returns the median norm of rows sorted by falling norm, or the largest if the median is 0.
float usual_norm(const CodeStore& codes, size_t first, size_t count) {
    const float median = codes[first + count / 2].norm;
    return median > 0 ? median : codes[first].norm;
}

}  // namespace

Progress Builder::link(size_t rows, size_t threads) {
    if (!addition_)
        if (const std::optional<double> done = prepare(threads))
            return bulk_progress(kOrderShare * *done, state_.rows.size());
    if (!addition_ && !begin_linking()) return {0, 0};
    const size_t total = addition_->rows.size();
    if (bulk_build_)
        build_some(threads);
    else if (addition_->linked < total)
        link_next(rows, threads);
    else if (list_repair_)
        list_repair_->step(threads);
    const size_t samples = list_repair_ ? list_repair_->samples() : 0;
    if (bulk_build_)
        return bulk_progress(kOrderShare + (1 - kOrderShare) * bulk_build_->done(), total);
    return {addition_->linked + (list_repair_ ? list_repair_->done() : 0), total + samples};
}

// Prepares a part of a bulk build: finds the order in which staged rows are stored, and clears as
// many lists. Flat graphs need the longest rows first, so only lists are cleared. Returns the share
// that is done, or nothing if no part was left.
std::optional<double> Builder::prepare(size_t threads) {
    const size_t count = state_.rows.size() - state_.rows.slots().extent();
    Graph& graph = state_.graph;
    if (!builds_in_bulk(count)) return {};
    if (state_.rows.link().is_flat()) {
        if (graph.cleared() >= count) return {};
        graph.clear_ahead(std::min(graph.cleared() + kClearedRows, count));
        return static_cast<double>(graph.cleared()) / static_cast<double>(count);
    }
    if (!bulk_order_) bulk_order_.emplace(state_, count);
    if (bulk_order_->is_done()) return {};
    bulk_order_->step(threads);
    graph.clear_ahead(static_cast<size_t>(bulk_order_->done() * static_cast<double>(count)));
    return bulk_order_->done();
}

// Returns the numbers of staged rows, in the order of a bulk build if there is one.
std::vector<uint32_t> Builder::rows_in_order(size_t count) {
    if (bulk_order_) {
        std::vector<uint32_t> rows = bulk_order_->take_rows();
        bulk_order_.reset();
        return rows;
    }
    std::vector<uint32_t> rows(count);
    std::iota(rows.begin(), rows.end(), 0);
    return rows;
}

// Returns false if there is nothing to link. If it throws, all staged rows are dropped.
bool Builder::begin_linking() try {
    RowTable& rows = state_.rows;
    const size_t first = rows.slots().extent(), count = rows.size() - first;
    if (count == 0) return false;
    auto addition = std::make_unique<Addition>();
    const size_t filled = slots_to_fill(count), appended = count - filled;
    std::vector<uint8_t> levels = draw_levels(appended);
    const Permutation order(link_order(state_, levels, rows_in_order(count)));
    std::ranges::sort(levels, std::greater<>());
    addition->rows.resize(count);
    std::iota(addition->rows.begin(), addition->rows.end(), static_cast<uint32_t>(first));
    addition->replaces_items = rows.ids().has_replacements();
    addition->rows_before = rows.slots().count();
    rows.permute_columns(first, order);
    if (rows.link().is_flat() && rows.link().norm_unit() == 0)
        rows.link().set_norm_unit(usual_norm(rows.codes(), first, count));
    for (const uint32_t row : addition->rows) rows.derive_link_affine(row);
    state_.graph.clear_ahead(first + appended);
    {
        const auto alone = locks_.searches.write();
        const bool vacates = addition->replaces_items || filled > 0;
        if (vacates) rows.ids().prepare_changes();
        rows.slots().reserve(rows.size(), filled + (addition->replaces_items ? count : 0));
        if (vacates) remover_.reserve();
        state_.graph.extend(levels);
        rows.ids().permute(first, order);
        fill_slots(*addition, filled);
    }
    keep_near_zero_out(*addition);
    if (builds_in_bulk(addition->in_graph)) bulk_build_.emplace(state_, addition->in_graph);
    addition_ = std::move(addition);
    return true;
} catch (...) {
    truncate(state_.rows.slots().extent());
    throw;
}

// Returns 0 during a save: a snapshot must read vacant slots unchanged.
size_t Builder::slots_to_fill(size_t count) const {
    return locks_.is_saving ? 0 : std::min(count, state_.rows.slots().free());
}

std::vector<uint8_t> Builder::draw_levels(size_t count) {
    std::vector<uint8_t> levels(count);
    if (state_.rows.link().is_flat()) return levels;
    for (uint8_t& level : levels)
        while (level < kHighestLevel && level_rng_.below(state_.options.m) == 0) ++level;
    return levels;
}

// Moves the last `count` staged rows to free slots. Does not fail.
void Builder::fill_slots(Addition& addition, size_t count) {
    if (count == 0) return;
    std::vector<uint32_t>& rows = addition.rows;
    for (size_t i = rows.size(); i-- > rows.size() - count;) {
        rows[i] = state_.rows.slots().take();
        state_.rows.move_last(rows[i]);
    }
    if (state_.rows.link().is_flat()) return;
    // Sorts again, because a row takes the levels of its slot.
    std::stable_sort(rows.begin(), rows.end(), [&](uint32_t a, uint32_t b) {
        return state_.graph.level_of(a) > state_.graph.level_of(b);
    });
}

void Builder::keep_near_zero_out(Addition& addition) const {
    const RowTable& rows = state_.rows;
    addition.in_graph = addition.rows.size();
    while (addition.in_graph > 0 &&
           rows.link().is_near_zero(rows.codes()[addition.rows[addition.in_graph - 1]]))
        --addition.in_graph;
}

void Builder::link_next(size_t rows, size_t threads) {
    Addition& addition = *addition_;
    const size_t total = addition.rows.size(), end = addition.in_graph;
    // Whole tasks only, so that the graph does not depend on where calls end.
    const size_t tasks = (addition.linked + std::min(rows, total)) / kRowsPerTask + 1;
    const size_t to = std::min(tasks * kRowsPerTask, end);
    const size_t alone = std::min(to, rows_linked_alone(addition.rows_before));
    if (addition.linked == 0) link_entries();
    if (addition.linked < alone) link_range(alone, 1, 1);
    if (addition.linked < to) link_range(to, threads, kMaxInterleaved);
    if (addition.linked == end) finish_linking(kListSamples);
}

void Builder::choose_build(BuildMethod method) {
    if (method == BuildMethod::bulk && state_.rows.slots().count() > 0)
        refuse("build", "build is bulk, which is for the first items of an index, expected auto or "
                        "incremental");
    if (method == BuildMethod::bulk && !can_build_in_bulk(state_))
        refuse("build", "build is bulk, which needs links by a distance or an angle, expected auto "
                        "or incremental with this link");
    build_method_ = method;
    bulk_order_.reset();
}

// The default builds in bulk only where bulk graphs were measured to answer as fast as incremental
// ones: not with users. A wider beam than usual asks for the graph that it improves.
bool Builder::builds_in_bulk(size_t rows) const {
    if (rows == 0 || state_.rows.slots().extent() > 0) return false;
    if (build_method_ != BuildMethod::automatic) return build_method_ == BuildMethod::bulk;
    return rows >= kLeastBulkRows && users_.empty() && can_build_in_bulk(state_) &&
           state_.options.ef_construction <= IndexOptions{}.ef_construction;
}

// Runs a part of the bulk build. After the last part all rows become visible.
void Builder::build_some(size_t threads) {
    bulk_build_->step(threads);
    if (!bulk_build_->is_done()) return;
    const size_t max_entries = state_.rows.link().is_flat() ? kFlatEntries : 1;
    {
        const auto alone = locks_.searches.write();
        for (size_t i = 0; i < std::min(max_entries, addition_->in_graph); ++i)
            entries_.offer(addition_->rows[i]);
    }
    bulk_build_.reset();
    show(addition_->in_graph);
    finish_linking(kBulkListSamples);
}

// Links the first rows of the addition one by one: they may become entry points.
void Builder::link_entries() {
    const size_t max_entries = state_.rows.link().is_flat() ? kFlatEntries : 1;
    const size_t count = std::min(max_entries, addition_->in_graph);
    for (size_t i = 0; i < count; ++i) {
        link_range(i + 1, 1, 1);
        const auto alone = locks_.searches.write();
        entries_.offer(addition_->rows[i]);
    }
}

// Rows that are linked concurrently do not find each other, so a small graph is built row by row.
size_t Builder::rows_linked_alone(size_t rows_before) {
    const size_t missing = kSmallGraph - std::min(kSmallGraph, rows_before);
    const size_t count = std::max(kFlatEntries, missing);
    return (count + kRowsPerTask - 1) / kRowsPerTask * kRowsPerTask;
}

void Builder::link_range(size_t to, size_t threads, size_t interleaved) {
    const std::span<const uint32_t> rows = addition_->rows;
    const size_t from = addition_->linked;
    has_torn_links_ = true;
    workers_.link(rows.subspan(from, to - from), threads, interleaved);
    show(to);
    has_torn_links_ = false;
}

// Makes the next rows of the addition visible and hides the rows that they replace.
void Builder::show(size_t to) {
    std::vector<uint32_t> hidden;
    if (addition_->replaces_items) hidden.reserve(to - addition_->linked);
    {
        const auto alone = locks_.searches.write();
        while (addition_->linked < to) show_next(hidden);
    }
    unlink(hidden);
}

void Builder::show_next(std::vector<uint32_t>& hidden) {
    RowTable& rows = state_.rows;
    const uint32_t row = addition_->rows[addition_->linked];
    const uint32_t replaced = addition_->replaces_items ? rows.ids().find(rows.ids()[row]) : row;
    if (state_.cells != nullptr) state_.cells->note_change(row);
    if (replaced != row) {
        retire_entry(replaced);
        rows.attributes().inherit(row, replaced);
        rows.changes()->record({row, Change::Kind::moved, replaced});
    } else if (row < rows.slots().extent()) {
        rows.changes()->record({row, Change::Kind::added});
    }
    ++addition_->linked;
    rows.slots().show(row);
    show_bias(row, replaced);
    if (replaced == row) return;
    rows.ids().replace(row);
    remover_.hide(replaced, hidden);
}

// The bias of a replaced item may have been set since its new row was staged.
void Builder::show_bias(uint32_t row, uint32_t replaced) {
    BiasedAffine* const biased = state_.rows.biased();
    if (biased == nullptr) return;
    if (replaced != row) {
        state_.bias_extremes.leave(biased[replaced].bias);
        if (biased[row].inherits != 0) biased[row].bias = biased[replaced].bias;
    }
    biased[row].inherits = 0;
    state_.bias_extremes.enter(row, biased[row].bias);
}

// List repair samples `samples` of the rows of a graph, and of an addition its share.
void Builder::finish_linking(size_t samples) {
    {
        const auto alone = locks_.searches.write();
        state_.near_zero.reserve_more(addition_->rows.size() - addition_->in_graph);
        for (size_t i = addition_->linked; i < addition_->rows.size(); ++i)
            if (!state_.near_zero.contains(addition_->rows[i]))
                state_.near_zero.insert(addition_->rows[i]);
    }
    show(addition_->rows.size());
    begin_list_repair(std::span(addition_->rows).first(addition_->in_graph), samples);
}

// Samples linked rows, evenly spaced, in proportion to their share of the graph.
void Builder::begin_list_repair(std::span<const uint32_t> rows, size_t samples_of_graph) {
    if (state_.rows.link().link() != Link::moebius) return;
    const size_t all = state_.graph_items();
    const size_t share = all == 0 ? 0 : samples_of_graph * rows.size() / all;
    const size_t count = std::min(rows.size(), share);
    std::vector<uint32_t> samples;
    for (size_t i = 0; i < count; ++i) samples.push_back(rows[i * rows.size() / count]);
    if (count > 0 || !users_.empty())
        list_repair_.emplace(state_, std::exchange(users_, {}), std::move(samples));
}

}  // namespace vecq
