// Staging, settling, imports and repair of the Builder.
#include "build/builder.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "base/status.hpp"
#include "build/item_biases.hpp"
#include "build/repair_limits.hpp"

namespace vecq {

Builder::Builder(IndexState& state, IndexLocks& locks)
    : state_(state),
      locks_(locks),
      entries_(state),
      workers_(state),
      remover_(state, workers_),
      level_rng_(state.options.seed) {}

bool Builder::is_settled() const {
    return !is_adding() && build_method_ == BuildMethod::automatic && !import_ && users_.empty() &&
           !has_torn_links_ && state_.rows.slots().extent() > 0;
}

BuilderState Builder::saved_state() const {
    const size_t extent = state_.rows.slots().extent();
    return {level_rng_.state(), addition_ ? extent : std::min(rows_since_repair_, extent),
            addition_ || has_torn_links_};
}

void Builder::restore(const BuilderState& saved) {
    level_rng_ = Random(saved.level_rng);
    rows_since_repair_ = saved.rows_since_repair;
}

void Builder::stage(const float* vectors, size_t count, const int64_t* ids, bool replacing,
                    size_t number, size_t threads) {
    RowTable& rows = state_.rows;
    const std::vector<float> biases = std::exchange(given_biases_, {});
    if (!biases.empty() && biases.size() != count)
        refuse("biases", "biases has " + std::to_string(biases.size()) +
                             " elements, expected one per vector");
    if (addition_) refuse("vectors", "vectors can't be staged while others are being linked");
    if (rows.size() + count > kMaxRows)
        refuse("vectors", "vectors would make " + std::to_string(rows.size() + count) +
                              " rows, expected at most " + std::to_string(kMaxRows));
    if (rows.must_fit()) refuse("codec", "codec is not fitted, call fit with a sample first");
    const size_t before = rows.size(), after = before + count;
    graph_repair_.reset();
    bulk_order_.reset();
    try {
        {
            const auto alone = locks_.searches.write();
            rows.changes()->require_replayed();
            rows.reserve(after);
            state_.graph.reserve(after);
            rows.slots().reserve(after, replacing ? after - rows.slots().extent() : 0);
        }
        rows.append(vectors, count, number, threads);
        stage_ids(ids, count, replacing, number);
        stage_biases(before, biases, replacing);
    } catch (...) {
        truncate(before);
        throw;
    }
}

void Builder::stage_attributes(std::span<const GivenValues> given, size_t count) {
    RowTable& rows = state_.rows;
    if (addition_)
        refuse("attributes", "attributes can't be given to vectors that are being linked");
    const size_t staged = rows.size() - rows.slots().extent();
    if (count > staged)
        refuse("count", "count is " + std::to_string(count) + ", but only " +
                            std::to_string(staged) + " vectors are staged");
    Attributes& attributes = rows.attributes();
    const std::vector<StoredValues> stored =
        stored_values(attributes, given, count, locks_.searches);
    attributes.stage(rows.size() - count, count, stored);
}

void Builder::stage_ids(const int64_t* ids, size_t count, bool replacing, size_t number) {
    const auto alone = locks_.searches.write();
    RowTable& rows = state_.rows;
    if (ids != nullptr)
        rows.ids().append({ids, count}, number, replacing ? rows.slots().extent() : 0);
    else
        rows.ids().append_next(count);
}

void Builder::give_biases(std::span<const float> biases) {
    require_biases(state_, locks_);
    given_biases_.assign(biases.begin(), biases.end());
}

// Staged rows take the biases given for them. Otherwise rows that replace an item keep its bias.
void Builder::stage_biases(size_t first, std::span<const float> given, bool replacing) {
    BiasedAffine* const biased = state_.rows.biased();
    if (biased == nullptr) return;
    for (size_t row = first; row < state_.rows.size(); ++row) {
        biased[row].bias = given.empty() ? 0 : given[row - first];
        biased[row].inherits = given.empty() && replacing ? 1 : 0;
    }
}

void Builder::truncate(size_t rows) {
    bulk_order_.reset();
    const auto alone = locks_.searches.write();
    state_.rows.truncate(rows);
    if (state_.graph.rows() > rows) state_.graph.truncate(rows);
}

void Builder::sample_users(const float* users, size_t count, size_t number) {
    if (state_.rows.link().link() != Link::moebius)
        refuse("users", "users are for metric ip with link auto or moebius only");
    QueryCoder coder(state_.rows.codes().codec(), Metric::ip, 8);
    const Memory codes(coder.bytes());
    try {
        for (size_t i = 0; i < count; ++i)
            coder.encode(users + i * state_.dim, number + i, codes.as<std::byte>());
    } catch (const Error& error) {
        throw rename_argument(error, "queries", "users");
    }
    users_.insert(users_.end(), users, users + count * state_.dim);
}

void Builder::settle() {
    const std::unique_ptr<Addition> addition = std::move(addition_);
    bulk_order_.reset();
    bulk_build_.reset();
    build_method_ = BuildMethod::automatic;
    list_repair_.reset();
    graph_repair_.reset();
    drop_unlinked(addition.get());
    users_.clear();
    given_biases_.clear();
    settle_biases();
    import_.reset();
    if (has_torn_links_) {
        redirect_all_links();
        require_repair();
        has_torn_links_ = false;
    }
    if (addition) rows_since_repair_ += addition->linked;
}

void Builder::settle_biases() {
    if (state_.bias_extremes.is_outdated()) choose_bias_extremes(state_, locks_);
}

bool Builder::add_few(const float* vectors, size_t count, const int64_t* ids, bool replacing) {
    if (state_.rows.slots().count() == 0) return false;
    stage(vectors, count, ids, replacing, 0, 1);
    try {
        for (Progress progress{0, 1}; progress.done < progress.total;) progress = link(count, 1);
    } catch (...) {
        settle();
        throw;
    }
    settle();
    return true;
}

void Builder::drop_unlinked(const Addition* addition) {
    const auto alone = locks_.searches.write();
    RowTable& rows = state_.rows;
    const size_t extent = rows.slots().extent();
    for (size_t i = addition ? addition->linked : 0; addition && i < addition->rows.size(); ++i) {
        const uint32_t row = addition->rows[i];
        if (state_.near_zero.contains(row)) state_.near_zero.erase(row);
        if (row >= extent) continue;
        rows.ids().erase(row);
        remover_.vacate(row);
    }
    rows.truncate(extent);
    if (state_.graph.rows() > extent) state_.graph.truncate(extent);
    rows.attributes().end_staging();
    rows.ids().cancel_replacements();
    rows.changes()->trim(extent);
}

void Builder::import_levels(const uint8_t* levels, size_t count) {
    const auto alone = locks_.searches.write();
    if (addition_)
        refuse("index", "index has rows, expected an empty index to import a graph into");
    import_.emplace(state_, levels, count);
}

void Builder::import_links(size_t layer, const LinkLists& lists) {
    if (!import_) refuse("index", "index has no levels, import levels before links");
    import_->add_links(layer, lists);
}

void Builder::import_adopt(uint32_t entry) {
    const auto alone = locks_.searches.write();
    if (!import_) refuse("index", "index has no levels, import levels before links");
    if (addition_)
        refuse("index", "index has changed since its levels were imported, import levels again");
    import_->adopt(state_, entry);
    import_.reset();
    graph_repair_.reset();
    require_repair();
}

bool Builder::needs_repair() const {
    if (remover_.needs_sweep()) return true;
    if (rows_since_repair_ == 0) return false;
    const size_t extent = state_.rows.slots().extent();
    return rows_since_repair_ * kRepairShare >= extent ||
           extent * state_.graph.degree() <=
               kCheapLinks + rows_since_repair_ * kCheapLinksPerChange;
}

size_t Builder::unreachable_allowance() const {
    if (rows_since_repair_ == 0 && !addition_) return 0;
    const size_t extent = state_.rows.slots().extent();
    return std::max(saved_state().rows_since_repair, extent / kRepairShare);
}

Progress Builder::repair(size_t threads) {
    if (is_adding()) return {0, 0};
    if (has_outdated_near_zero_) update_near_zero();
    if (graph_repair_ && !graph_repair_->is_current()) graph_repair_.reset();
    if (!graph_repair_ && !needs_repair()) return {0, 0};
    try {
        if (!graph_repair_) graph_repair_.emplace(state_, locks_.searches, remover_);
        const Progress progress = graph_repair_->step(threads);
        if (progress.done < progress.total) return progress;
        graph_repair_.reset();
        rows_since_repair_ = 0;
        return progress;
    } catch (...) {
        graph_repair_.reset();
        throw;
    }
}

void Builder::rows_moved() {
    graph_repair_.reset();
    remover_.clear();
    require_repair();
    choose_bias_extremes(state_, locks_);
}

// After linking failed midway, links may lead to dropped rows: redirects these before later rows
// take their numbers.
void Builder::redirect_all_links() {
    remover_.begin_sweep();
    for (size_t layer = 0; layer < state_.graph.layers().size(); ++layer)
        remover_.redirect_links(layer, 0, state_.graph.layers()[layer].count, 0);
    const auto alone = locks_.searches.write();
    remover_.end_sweep();
}

void Builder::start_over() {
    const auto alone = locks_.searches.write();
    graph_repair_.reset();
    RowTable& rows = state_.rows;
    rows.changes()->replay();
    state_.graph.enter_at({}, 1);
    rows.truncate(0);
    state_.graph.truncate(0);
    state_.near_zero.clear();
    rows.slots().clear();
    remover_.clear();
    rows.changes()->try_to_replay();
    rows.link().set_norm_unit(0);
    state_.bias_extremes.clear();
    rows_since_repair_ = 0;
    state_.costs = {};
    state_.curve = {};
    state_.cells.reset();
}

}  // namespace vecq
