// Locks and delegates; also the tasks that end with a repair.
#include "index/index.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/status.hpp"
#include "build/item_biases.hpp"
#include "persist/open.hpp"
#include "search/cost_measurement.hpp"
#include "search/each_where.hpp"
#include "search/effort.hpp"
#include "storage/file_errors.hpp"

namespace vecq {
namespace {

// Runs a task, then the repair pass that it makes due.
class WithRepair : public Task {
public:
    WithRepair(std::unique_ptr<Task> task, std::function<Progress()> repair)
        : task_(std::move(task)), repair_(std::move(repair)) {}

    Progress step() override {
        if (!task_) {
            const Progress repaired = repair_();
            return {before_ + repaired.done, before_ + repaired.total};
        }
        const Progress progress = task_->step();
        if (progress.done < progress.total) return progress;
        task_.reset();
        before_ = progress.total;
        return {before_, before_ + 1};
    }

private:
    std::unique_ptr<Task> task_;
    std::function<Progress()> repair_;
    size_t before_ = 0;
};

}  // namespace

Index::Index(const IndexOptions& options, const Codec& codec, const Codec* rerank_codec)
    : state_(options, codec, rerank_codec), builder_(state_, locks_) {}

// Reports invalid options in a file as corruption instead of an invalid argument.
Index::Index(const std::string& path, bool writable) try : Index(IndexReader(path, writable)) {
} catch (const Error& error) {
    if (error.status() != VECQ_INVALID_ARGUMENT) throw;
    throw_corrupt(std::string("the settings contradict each other: ") + error.what());
}

Index::Index(const IndexReader& reader)
    : Index(reader.options(), reader.codec(), reader.rerank_codec()) {
    builder_.restore(reader.fill(state_));
    seen_files_.note_opened(reader.path(), state_.file->table());
}

// Returns the lock that every changing call holds.
std::unique_lock<std::mutex> Index::lock_changes() {
    std::unique_lock lock(locks_.changes);
    require_changeable();
    return lock;
}

void Index::require_changeable() {
    if (locks_.is_rebuilding)
        refuse("index", "index is being refitted, compacted or partitioned: wait for that");
    if (state_.is_validated || !state_.file) return;
    if (!state_.file->writable())
        throw Error(VECQ_READ_ONLY, "writable",
                    "the index was opened read-only, open it with writable=True to change it");
    require_valid(state_);
    state_.is_validated = true;
}

IndexDescription Index::describe() const {
    return inspect([](const IndexState& state) {
        IndexDescription description{
            state.options, state.dim, state.rows.codes().codec().options(), {}};
        if (const CodeStore* rerank = state.rows.rerank())
            description.rerank_codec = rerank->codec().options();
        return description;
    });
}

size_t Index::size() const {
    return inspect([](const IndexState& state) { return state.rows.slots().count(); });
}

IndexStats Index::stats() const { return inspect(stats_of); }

CodeStore::Clipped Index::clipped() const {
    const std::lock_guard changes(locks_.changes);
    const RowTable& rows = state_.rows;
    const bool is_global = rows.codes().codec().options().scale == Scale::global;
    return is_global || rows.rerank() == nullptr ? rows.codes().clipped()
                                                 : rows.rerank()->clipped();
}

void Index::reserve(size_t rows) {
    const auto changes = lock_changes();
    const auto alone = locks_.searches.write();
    state_.rows.reserve(rows);
    state_.graph.reserve(rows);
}

void Index::fit(const float* sample, size_t count) {
    const auto changes = lock_changes();
    const auto alone = locks_.searches.write();
    if (state_.rows.size() > 0)
        refuse("sample", "sample was given to an index with rows, fit before adding rows");
    state_.rows.fit(sample, count);
}

void Index::sample_users(const float* users, size_t count, size_t number) {
    const auto changes = lock_changes();
    builder_.sample_users(users, count, number);
}

void Index::give_biases(std::span<const float> biases) {
    const auto changes = lock_changes();
    builder_.give_biases(biases);
}

void Index::set_biases(std::span<const int64_t> ids, const float* biases) {
    const auto changes = lock_changes();
    vecq::set_biases(state_, locks_, ids, biases);
}

void Index::get_biases(std::span<const int64_t> ids, float* biases) const {
    inspect([&](const IndexState& state) {
        const BiasedAffine* biased = state.rows.biased();
        state.rows.ids().prepare();
        for (size_t i = 0; i < ids.size(); ++i) {
            const uint32_t row = state.rows.ids().find(ids[i]);
            if (!state.rows.slots().is_visible(row)) state.rows.ids().refuse_unknown(ids.data(), i);
            biases[i] = biased == nullptr ? 0 : biased[row].bias;
        }
    });
}

void Index::stage(const float* vectors, size_t count, const int64_t* ids, bool replacing,
                  size_t number, size_t threads) {
    const auto changes = lock_changes();
    require_names(ids, count);
    builder_.stage(vectors, count, ids, replacing, number, threads);
}

void Index::choose_build(BuildMethod method) {
    const auto changes = lock_changes();
    builder_.choose_build(method);
}

Progress Index::link(size_t rows, size_t threads) {
    const std::lock_guard changes(locks_.changes);
    return builder_.link(rows, threads);
}

void Index::stage_attributes(std::span<const GivenValues> given, size_t count) {
    const auto changes = lock_changes();
    builder_.stage_attributes(given, count);
}

void Index::set_attributes(const int64_t* ids, size_t count, std::span<const GivenValues> given) {
    const auto changes = lock_changes();
    const std::vector<uint32_t> rows = state_.rows_of(ids, count);
    Attributes& attributes = state_.rows.attributes();
    set_values(attributes, rows, stored_values(attributes, given, count, locks_.searches),
               locks_.searches);
}

void Index::settle() {
    const std::lock_guard changes(locks_.changes);
    builder_.settle();
    measure_costs();
}

void Index::end_addition() {
    const std::lock_guard changes(locks_.changes);
    if (builder_.is_settled()) return;
    builder_.settle();
    measure_costs();
    repair_briefly();
}

// Bounds the time of a cancelled caller: the next change continues the pass over a large graph.
void Index::repair_briefly() {
    constexpr std::chrono::milliseconds kMaxTime{300};
    const auto end = std::chrono::steady_clock::now() + kMaxTime;
    Progress progress{0, 1};
    while (progress.done < progress.total && std::chrono::steady_clock::now() < end)
        progress = builder_.repair(0);
}

bool Index::add_few(const float* vectors, size_t count, const int64_t* ids, bool replacing) {
    const auto changes = lock_changes();
    require_names(ids, count);
    const bool added = builder_.add_few(vectors, count, ids, replacing);
    measure_costs();
    return added;
}

void Index::remove(const int64_t* ids, size_t count) {
    const auto changes = lock_changes();
    builder_.remove(ids, count);
    drop_unused_names();
}

Progress Index::repair(size_t threads) {
    const std::lock_guard changes(locks_.changes);
    if (locks_.is_rebuilding || (state_.file && !state_.is_validated)) return {0, 0};
    return builder_.repair(threads);
}

void Index::import_levels(const uint8_t* levels, size_t count) {
    const auto changes = lock_changes();
    builder_.import_levels(levels, count);
}

void Index::import_links(size_t layer, const LinkLists& lists) {
    const std::lock_guard changes(locks_.changes);
    builder_.import_links(layer, lists);
}

void Index::import_adopt(uint32_t entry) {
    const std::lock_guard changes(locks_.changes);
    builder_.import_adopt(entry);
    measure_costs();
}

SearchReport Index::search(const float* queries, size_t count, const SearchOptions& options,
                           const Found& found) const {
    SearchOptions own = options;
    own.where_filters = &where_filters_;
    const auto run = own.where.size() > 1 ? search_each : vecq::search;
    return run(state_, locks_.searches, searchers_, {queries, count, own, found});
}

void Index::check_where(std::string_view where) const {
    inspect([&](const IndexState& state) { where_filters_.check(state, where); });
}

void Index::get(const int64_t* ids, size_t count, float* vectors) const {
    inspect([&](const IndexState& state) {
        const CodeStore& codes = state.rows.finest();
        state.rows.ids().prepare();
        RowCoder coder(codes.codec());
        for (size_t i = 0; i < count; ++i) {
            const uint32_t row = state.rows.ids().find(ids[i]);
            if (!state.rows.slots().is_visible(row)) state.rows.ids().refuse_unknown(ids, i);
            coder.decode(codes.codes_of(row), codes[row], vectors + i * state.dim);
        }
    });
}

void Index::contains(const int64_t* ids, size_t count, uint8_t* contained) const {
    inspect([&](const IndexState& state) {
        state.rows.ids().prepare();
        for (size_t i = 0; i < count; ++i)
            contained[i] = state.rows.slots().is_visible(state.rows.ids().find(ids[i])) ? 1 : 0;
    });
}

size_t Index::list_ids(int64_t* ids, size_t capacity) const {
    return inspect([&](const IndexState& state) {
        const size_t count = state.rows.slots().count();
        if (capacity < count) return count;
        int64_t* const end = ids + count;
        int64_t* next = ids;
        for (const uint32_t row : state.rows.ids().in_order())
            if (state.rows.slots().is_visible(row) && next < end) *next++ = state.rows.ids()[row];
        std::fill(next, end, -1);  // the order in an opened file may lack rows
        return count;
    });
}

void Index::set_curve(RecallCurve curve) {
    bool is_valid = true, is_empty = true;
    RecallCurve::each_list(curve, [&](const std::vector<CurvePoint>& points) {
        is_valid = is_valid && std::ranges::all_of(points, &CurvePoint::is_valid);
        is_empty = is_empty && points.empty();
    });
    if (!is_valid) refuse("points", "points has a k or an ef of 0, or a recall outside 0 to 1");
    if (curve.rows == 0 && !is_empty)
        refuse("rows", "rows is 0, expected the number of items that points were measured on");
    const std::lock_guard changes(locks_.changes);
    const auto alone = locks_.searches.write();
    state_.curve = std::move(curve);
}

RecallCurve Index::curve() const {
    return inspect([](const IndexState& state) { return state.curve; });
}

size_t Index::default_ef(size_t k) const {
    return inspect([k](const IndexState& state) {
        return vecq::default_ef(k, state.rows.codes().has_planes());
    });
}

size_t Index::rerank_width(size_t k) const {
    return inspect([k](const IndexState& state) {
        return state.rows.rerank() == nullptr
                   ? 0
                   : vecq::rerank_width(state.curve, state.rows.codes().codec().width(), k,
                                        state.rows.slots().count());
    });
}

std::unique_ptr<SaveTask> Index::save(const std::string& path, bool overwrite) {
    return std::make_unique<SaveTask>(
        state_, locks_, [this] { return builder_.saved_state(); },
        SaveTarget{path, seen_files_, overwrite});
}

std::unique_ptr<Task> Index::preload(Preload what, bool lock) {
    return std::make_unique<PreloadTask>(state_, what, lock, [this] { copy_searched(); });
}

void Index::copy_searched() {
    const std::lock_guard changes(locks_.changes);
    const auto alone = locks_.searches.write();
    if (locks_.is_saving) refuse("index", "index is being saved, wait for the save to finish");
    state_.graph.detach();
    if (state_.cells != nullptr) state_.cells->detach();
    state_.rows.own_searched();
}

std::unique_ptr<Task> Index::refit() {
    const RebuildHooks hooks{[this] { begin_rebuild(); },
                             [this] {
                                 builder_.update_near_zero();
                                 measure_costs();
                             }};
    return std::make_unique<WithRepair>(std::make_unique<RefitTask>(state_, locks_, hooks),
                                        [this] { return repair(0); });
}

std::unique_ptr<Task> Index::compact() {
    const RebuildHooks hooks{[this] { begin_rebuild(); },
                             [this] {
                                 builder_.rows_moved();
                                 measure_costs();
                             }};
    return std::make_unique<WithRepair>(std::make_unique<CompactTask>(state_, locks_, hooks),
                                        [this] { return repair(0); });
}

std::unique_ptr<Task> Index::partition(size_t cells) {
    const RebuildHooks hooks{[this] { begin_rebuild(); }, [] {}};
    return std::make_unique<PartitionTask>(state_, locks_, hooks, cells);
}

void Index::begin_rebuild() {
    require_changeable();
    if (builder_.is_adding()) refuse("index", "index has an unfinished addition, settle it first");
    if (state_.rows.slots().count() == 0) builder_.start_over();
}

std::unique_ptr<CheckTask> Index::check(CheckTask::Depth depth) const {
    const std::lock_guard changes(locks_.changes);
    return std::make_unique<CheckTask>(state_, depth, builder_.unreachable_allowance());
}

// Measures the cost model again if the index has grown enough.
void Index::measure_costs() {
    if (!needs_cost_measurement(state_)) return;
    const CostModel costs = measured_costs(state_);
    const auto alone = locks_.searches.write();
    state_.costs = costs;
}

}  // namespace vecq
