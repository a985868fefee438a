// Item biases change in place while no search runs: a million take a few milliseconds, because rows
// are looked up before, while searches run.
#include "build/item_biases.hpp"

#include <vector>

#include "base/pool.hpp"

namespace vecq {
namespace {

// Looks up rows on several threads: for a million ids that is most of the time.
std::vector<uint32_t> rows_of(const IndexState& state, std::span<const int64_t> ids) {
    constexpr size_t kPerTask = size_t{1} << 15;
    const IdMap& map = state.rows.ids();
    map.prepare();
    std::vector<uint32_t> rows(ids.size());
    const size_t tasks = (ids.size() + kPerTask - 1) / kPerTask;
    parallel_for(workers_for(0, tasks), tasks, [&](size_t task, size_t) {
        const size_t first = task * kPerTask, last = std::min(ids.size(), first + kPerTask);
        for (size_t i = first; i < last; ++i) rows[i] = map.find(ids[i]);
    });
    for (size_t i = 0; i < rows.size(); ++i)
        if (!state.rows.slots().is_visible(rows[i])) state.rows.ids().refuse_unknown(ids.data(), i);
    return rows;
}

}  // namespace

void require_biases(IndexState& state, IndexLocks& locks) {
    if (state.rows.column(Kind::bias) != nullptr) return;
    Column biases = state.rows.make_biases();
    const auto alone = locks.searches.write();
    state.rows.add_biases(std::move(biases));
}

void set_biases(IndexState& state, IndexLocks& locks, std::span<const int64_t> ids,
                const float* biases) {
    const std::vector<uint32_t> rows = rows_of(state, ids);
    if (rows.empty()) return;
    require_biases(state, locks);
    BiasedAffine* const biased = state.rows.biased();
    {
        const auto alone = locks.searches.write();
        for (size_t i = 0; i < rows.size(); ++i) {
            float& own = biased[rows[i]].bias;
            state.bias_extremes.change(rows[i], own, biases[i]);
            own = biases[i];
        }
    }
    if (state.bias_extremes.is_outdated()) choose_bias_extremes(state, locks);
}

void choose_bias_extremes(IndexState& state, IndexLocks& locks) {
    if (state.rows.biased() == nullptr) return;
    std::vector<uint32_t> rows;
    const Slots& slots = state.rows.slots();
    rows.reserve(slots.count());
    for (uint32_t row = 0; row < slots.extent(); ++row)
        if (slots.is_visible(row)) rows.push_back(row);
    BiasExtremes chosen;
    chosen.choose(state.rows.biased(), rows);
    const auto alone = locks.searches.write();
    state.bias_extremes = std::move(chosen);
}

}  // namespace vecq
