// Items go: their rows are hidden from searches, taken out of the graph, which is mended around them, and
// leave vacant slots behind. Whatever fails on the way, an item is there or it is not.
#include <algorithm>
#include <cstring>
#include <string>

#include "base/status.hpp"
#include "index/addition.hpp"
#include "index/index.hpp"
#include "index/searcher.hpp"

namespace vecq {
namespace {

// Items that searches stop seeing at the same time.
constexpr size_t kAtOnce = 16;
// What is nearest to a row may be gone, too.
constexpr size_t kMostHeirs = 8;

}  // namespace

void Index::remove(const int64_t* ids, size_t count) {
    const std::lock_guard writing(writing_);
    require_changeable();
    if (addition_ || store_.size() > slots_.extent())
        refuse("ids", "ids can't be removed while vectors are being linked");
    const std::vector<uint32_t> rows = rows_to_remove(ids, count);
    std::vector<uint32_t> gone;
    gone.reserve(kAtOnce);
    for (size_t first = 0; first < count; first += kAtOnce) {
        gone.clear();
        hide_some(std::span(rows).subspan(first, std::min(kAtOnce, count - first)), gone);
        unlink(gone);
    }
    if (slots_.count() == 0 && !saved_) start_over();
    sweep(count);
}

std::vector<uint32_t> Index::rows_to_remove(const int64_t* ids, size_t count) {
    const auto alone = turnstile_.write();
    ids_.keep();
    slots_.reserve(slots_.extent(), count);
    heirs_.resize(slots_.extent(), kNone);
    return rows_of(ids, count);
}

void Index::hide_some(std::span<const uint32_t> rows, std::vector<uint32_t>& gone) {
    const auto alone = turnstile_.write();
    for (const uint32_t row : rows) {
        leave_entries(row);
        changes_->note({row, Change::Kind::removed});
        ids_.erase(row);
        if (!is_aside(row)) gone.push_back(row);
        hide(row);
    }
    changes_->catch_up(slots_.extent());
}

std::vector<uint32_t> Index::rows_of(const int64_t* ids, size_t count) const {
    std::vector<uint32_t> rows(count);
    for (size_t i = 0; i < count; ++i) {
        rows[i] = ids_.find(ids[i]);
        if (!slots_.shows(rows[i])) refuse_unknown(ids, i);
    }
    std::vector<uint32_t> sorted = rows;
    std::sort(sorted.begin(), sorted.end());
    const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
    if (twice != sorted.end()) refuse("ids", "ids has " + std::to_string(ids_[*twice]) + " twice");
    return rows;
}

// A row that walks do not begin at, and that is found by no id.
void Index::hide(uint32_t row) {
    slots_.hide(row);
    slots_.vacate(row);
    heirs_[row] = kNone;
    if (is_aside(row)) take_from_aside(row);
}

// Rows that are hidden.
void Index::unlink(std::span<const uint32_t> rows) {
    if (rows.empty()) return;
    torn_ = true;
    for (const uint32_t row : rows) {
        if (!graph_.entries().empty()) {
            const RowLinkJob job = link_job();
            LinkWorker& own = worker(0);
            heirs_[row] = kernels_.unlink(job, row, own.scratch, own.room.as<std::byte>());
        }
        empty_lists(row);
    }
    torn_ = false;
}

void Index::empty_lists(uint32_t row) {
    for (const Layer& layer : graph_.layers())
        if (layer.holds(row)) layer.remove_if(layer.node_of(row), [](uint32_t) { return true; });
}

bool Index::is_aside(uint32_t row) const {
    return std::binary_search(aside_.data(), aside_.data() + aside_.size(), row);
}

// There is room.
void Index::put_aside(uint32_t row) {
    const size_t size = aside_.size();
    aside_.resize(size + 1);
    uint32_t* end = aside_.data() + size;
    uint32_t* place = std::upper_bound(aside_.data(), end, row);
    std::copy_backward(place, end, end + 1);
    *place = row;
}

void Index::take_from_aside(uint32_t row) {
    uint32_t* end = aside_.data() + aside_.size();
    uint32_t* place = std::lower_bound(aside_.data(), end, row);
    std::copy(place + 1, end, place);
    aside_.resize(aside_.size() - 1);
}

// Links that removals did not find are mostly long ones, which searches need to get about: they lead to
// what was nearest to the row that is gone. None to rows that are gone are left.
void Index::sweep_links() {
    const size_t extent = slots_.extent();
    for (const uint32_t row : slots_.vacant()) empty_lists(row);
    graph_.redirect_links([&](uint32_t row) {
        for (size_t i = 0; i < kMostHeirs && row < heirs_.size() && !slots_.shows(row); ++i)
            row = heirs_[row];
        return row < extent && slots_.shows(row) ? row : kNone;
    });
    const auto alone = turnstile_.write();
    slots_.sweep();
}

// As it was before there was anything, but for ids: those that were given are not given again.
void Index::start_over() {
    const auto alone = turnstile_.write();
    changes_->bring_up();
    graph_.enter_at({}, 1);
    truncate(0);
    aside_.resize(0);
    slots_.clear();
    heirs_.clear();
    changes_->try_to_bring_up();
    unit_ = 0;
    unswept_ = 0;
    pace_ = {};
    curve_ = {};
}

}  // namespace vecq
