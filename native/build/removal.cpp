// The part of the Builder that removes items.
#include <algorithm>
#include <string>

#include "base/status.hpp"
#include "build/builder.hpp"

namespace vecq {
namespace {

// Number of items hidden per write lock.
constexpr size_t kHiddenTogether = 16;

}  // namespace

void Builder::remove(const int64_t* ids, size_t count) {
    if (is_adding()) refuse("ids", "ids can't be removed while vectors are being linked");
    graph_repair_.reset();
    const std::vector<uint32_t> rows = rows_to_remove(ids, count);
    std::vector<uint32_t> hidden;
    hidden.reserve(kHiddenTogether);
    for (size_t first = 0; first < count; first += kHiddenTogether) {
        hidden.clear();
        hide_some(std::span(rows).subspan(first, std::min(kHiddenTogether, count - first)), hidden);
        unlink(hidden);
    }
    rows_since_repair_ += count;
    settle_biases();
    if (state_.rows.slots().count() == 0 && !locks_.is_saving) start_over();
}

std::vector<uint32_t> Builder::rows_to_remove(const int64_t* ids, size_t count) {
    const auto alone = locks_.searches.write();
    RowTable& table = state_.rows;
    table.ids().prepare_changes();
    table.slots().reserve(table.slots().extent(), count);
    remover_.reserve();
    std::vector<uint32_t> rows(count);
    for (size_t i = 0; i < count; ++i) {
        rows[i] = table.ids().find(ids[i]);
        if (!table.slots().is_visible(rows[i])) table.ids().refuse_unknown(ids, i);
    }
    std::vector<uint32_t> sorted = rows;
    std::sort(sorted.begin(), sorted.end());
    if (const auto twice = std::adjacent_find(sorted.begin(), sorted.end()); twice != sorted.end())
        refuse("ids", "ids has " + table.ids().describe(table.ids()[*twice]) + " twice");
    return rows;
}

void Builder::hide_some(std::span<const uint32_t> rows, std::vector<uint32_t>& hidden) {
    const auto alone = locks_.searches.write();
    RowTable& table = state_.rows;
    for (const uint32_t row : rows) {
        retire_entry(row);
        table.changes()->record({row, Change::Kind::removed});
        table.ids().erase(row);
        if (const BiasedAffine* biased = table.biased())
            state_.bias_extremes.leave(biased[row].bias);
        remover_.hide(row, hidden);
    }
    table.changes()->trim(table.slots().extent());
}

// Called before the row is removed.
void Builder::retire_entry(uint32_t row) {
    if (entries_.retire(row)) require_repair();
}

void Builder::unlink(const std::vector<uint32_t>& hidden) {
    if (hidden.empty()) return;
    has_torn_links_ = true;
    remover_.unlink(hidden);
    has_torn_links_ = false;
}

}  // namespace vecq
