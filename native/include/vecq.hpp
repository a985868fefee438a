// vecq: the C++17 face of vecq.h, in one header. Handles close themselves, arrays are spans, and a
// failed call throws vecq::Error. What a call does, and which calls may run at the same time, is
// documented in vecq.h.
//
//     const vecq::Index index("items.vecq");
//     vecq::SearchOptions options;
//     options.k = 100;
//     const vecq::Results found = index.search(query, options);  // query: a std::vector<float>
//     for (size_t i = 0; i < found.count(0); ++i) use(found.ids(0)[i], found.scores(0)[i]);
//
// The header needs nothing but C++17 and libvecq.
#ifndef VECQ_HPP
#define VECQ_HPP

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "vecq.h"

namespace vecq {
// The inline namespace keeps these types apart from those inside the static library.
inline namespace cxx {

// A failed call. what() says what was expected.
class Error : public std::runtime_error {
public:
    Error(vecq_status status, const vecq_error& error)
        : std::runtime_error(error.message),
          status_(status),
          argument_(error.argument),
          system_(error.system) {}

    vecq_status status() const noexcept { return status_; }
    // The argument at fault; empty if none.
    const std::string& argument() const noexcept { return argument_; }
    // The errno of the failed system call, otherwise 0.
    int system() const noexcept { return system_; }

private:
    vecq_status status_;
    std::string argument_;
    int system_;
};

// Borrowed elements that lie together, such as those of a std::vector, std::array or std::span.
template <class T>
class Span {
public:
    constexpr Span() = default;
    constexpr Span(T* data, size_t size) : data_(data), size_(size) {}
    template <class Range, class = std::enable_if_t<std::is_convertible_v<
                               decltype(std::data(std::declval<Range&>())), T*>>>
    constexpr Span(Range&& range) : data_(std::data(range)), size_(std::size(range)) {}

    constexpr T* data() const { return data_; }
    constexpr size_t size() const { return size_; }
    constexpr bool empty() const { return size_ == 0; }
    constexpr T* begin() const { return data_; }
    constexpr T* end() const { return data_ + size_; }
    constexpr T& operator[](size_t i) const { return data_[i]; }

private:
    T* data_ = nullptr;
    size_t size_ = 0;
};

using Vectors = Span<const float>;  // dim floats each, one vector after the other
using Ids = Span<const int64_t>;

namespace detail {

inline void check(vecq_status status, const vecq_error& error) {
    if (status != VECQ_OK) throw Error(status, error);
}

// Calls function(arguments..., &error), and throws if it fails.
template <class Function, class... Arguments>
void call(Function function, Arguments... arguments) {
    vecq_error error;
    check(function(arguments..., &error), error);
}

[[noreturn]] inline void refuse(const char* argument, const std::string& message) {
    vecq_error error{};
    std::string(argument).copy(error.argument, sizeof error.argument - 1);
    message.copy(error.message, sizeof error.message - 1);
    throw Error(VECQ_INVALID_ARGUMENT, error);
}

// A struct of vecq.h whose fields ask for their defaults.
template <class Struct>
Struct sized() {
    Struct own{};
    own.struct_size = sizeof own;
    return own;
}

struct CloseTask {
    void operator()(vecq_task* task) const { vecq_task_close(task); }
};
using Task = std::unique_ptr<vecq_task, CloseTask>;

inline void finish(const Task& task) {
    size_t done = 0, total = 1;
    while (done < total) call(vecq_task_step, task.get(), &done, &total);
}

}  // namespace detail

// A flag that ends a search of several queries early, with an Error of VECQ_CANCELLED.
class Cancellation {
public:
    void cancel() noexcept { flag_.store(1, std::memory_order_relaxed); }
    void reset() noexcept { flag_.store(0, std::memory_order_relaxed); }
    const int32_t* flag() const noexcept {
        static_assert(sizeof flag_ == sizeof(int32_t) && std::atomic<int32_t>::is_always_lock_free);
        return reinterpret_cast<const int32_t*>(&flag_);
    }

private:
    std::atomic<int32_t> flag_{0};
};

// The ids that each query of a search does not return.
class Exclusions {
public:
    // The exclusions of the next query.
    Exclusions& add(Ids ids) {
        ids_.insert(ids_.end(), ids.begin(), ids.end());
        offsets_.push_back(static_cast<int64_t>(ids_.size()));
        return *this;
    }
    size_t queries() const { return offsets_.size() - 1; }
    const int64_t* offsets() const { return offsets_.data(); }
    const int64_t* ids() const { return ids_.data(); }

private:
    std::vector<int64_t> offsets_{0}, ids_;
};

// A set of allowed items, see vecq_filter_open. It keeps its index open.
class Filter {
public:
    // Number of items that it allows now.
    size_t count() const {
        size_t count = 0;
        detail::call(vecq_filter_count, own_.get(), &count);
        return count;
    }
    const vecq_filter* get() const { return own_.get(); }

private:
    friend class Index;
    Filter(vecq_filter* filter, std::shared_ptr<const vecq_index> index)
        : index_(std::move(index)), own_(filter, vecq_filter_close) {}

    std::shared_ptr<const vecq_index> index_;  // closed after the filter
    std::unique_ptr<vecq_filter, void (*)(vecq_filter*)> own_;
};

// The group of each item, such as its seller, for any number of searches; see vecq_groups_open.
class Groups {
public:
    // The group of ids[i] is named by keys[i], of any type that std::hash takes.
    template <class Keys>
    Groups(Ids ids, const Keys& keys) : own_(nullptr, vecq_groups_close) {
        using Key = std::decay_t<decltype(*std::begin(keys))>;
        std::unordered_map<Key, uint32_t> known;
        std::vector<uint32_t> numbers;
        for (const Key& key : keys)
            numbers.push_back(
                known.try_emplace(key, static_cast<uint32_t>(known.size())).first->second);
        if (numbers.size() != ids.size())
            detail::refuse("groups", "groups has " + std::to_string(numbers.size()) +
                                         " keys, expected one for each of " +
                                         std::to_string(ids.size()) + " ids");
        vecq_groups* groups = nullptr;
        detail::call(vecq_groups_open, ids.data(), numbers.data(), ids.size(), &groups);
        own_.reset(groups);
    }
    const vecq_groups* get() const { return own_.get(); }

private:
    std::unique_ptr<vecq_groups, void (*)(vecq_groups*)> own_;
};

// A condition on attributes, such as "price < 100 and tags has 'new'"; none allows all items.
using Condition = std::optional<std::string>;

struct SearchOptions {
    size_t k = 10;             // results per query
    size_t ef = 0;             // beam width; 0: by target_recall, otherwise as in vecq.h
    double target_recall = 0;  // by the index's recall curve; 0: none
    // Candidates rescored on the rerank store; none: as vecq_index_effort answers.
    std::optional<size_t> rerank;
    vecq_plan plan = VECQ_PLAN_AUTO;
    size_t probes = 0;                    // cells of VECQ_PLAN_PROBE; 0: the default
    size_t threads = 1;                   // 0: all cores
    const Filter* filter = nullptr;       // a filter of the index; null: all items
    const Exclusions* exclude = nullptr;  // of each query; null: none
    const Cancellation* cancelled = nullptr;
    std::vector<Condition> where;      // none, one for all queries, or one for each
    Span<const float> bias_weights;    // of the items' biases, one for each query; empty: 1
    const Groups* group_by = nullptr;  // null: no limit by groups
    size_t per_group = 1;              // results of a query that may be of one group
    float diversity = 0;               // 0 to 1: picks results among the best `candidates`
    size_t candidates = 500;           // raised to k
};

// The results of a search, best first for each query.
class Results {
public:
    Results(size_t queries, size_t k)
        : k_(k), ids_(queries * k), scores_(queries * k), counts_(queries) {
        report_.struct_size = sizeof report_;
    }

    size_t queries() const { return counts_.size(); }
    size_t k() const { return k_; }
    // Number of results of a query: less than k if fewer items are allowed.
    size_t count(size_t query) const { return static_cast<size_t>(counts_[query]); }
    Ids ids(size_t query) const { return {ids_.data() + query * k_, count(query)}; }
    Span<const float> scores(size_t query) const {
        return {scores_.data() + query * k_, count(query)};
    }
    const vecq_search_report& report() const { return report_; }

private:
    friend class Index;
    size_t k_;
    std::vector<int64_t> ids_;
    std::vector<float> scores_;
    std::vector<int64_t> counts_;
    vecq_search_report report_{};
};

class Codec {
public:
    Codec(const vecq_codec_options& options, size_t dim) : own_(nullptr, vecq_codec_close) {
        vecq_codec* codec = nullptr;
        detail::call(vecq_codec_open, &options, dim, &codec);
        own_.reset(codec);
    }
    const vecq_codec* get() const { return own_.get(); }

private:
    std::unique_ptr<vecq_codec, void (*)(vecq_codec*)> own_;
};

struct Effort {
    size_t ef, rerank;
};

// An index; copies share it.
class Index {
public:
    // Opens the index in a file by mapping it. Changes of a writable one go to memory.
    explicit Index(const std::string& path, bool writable = false) : Index() {
        vecq_index* index = nullptr;
        detail::call(vecq_index_open_file, path.c_str(), writable ? 1 : 0, &index);
        adopt(index, vecq_index_close);
    }
    // Creates an empty index.
    Index(const vecq_index_options& options, const Codec& codec,
          const Codec* rerank_codec = nullptr)
        : Index() {
        vecq_index* index = nullptr;
        detail::call(vecq_index_open, &options, codec.get(),
                     rerank_codec == nullptr ? nullptr : rerank_codec->get(), &index);
        adopt(index, vecq_index_close);
    }

    size_t dim() const { return dim_; }
    size_t size() const {
        size_t size = 0;
        detail::call(vecq_index_size, get(), &size);
        return size;
    }
    vecq_index_options options() const {
        auto options = detail::sized<vecq_index_options>();
        detail::call(vecq_index_describe, get(), nullptr, &options, nullptr, nullptr);
        return options;
    }
    vecq_index_stats stats() const {
        auto stats = detail::sized<vecq_index_stats>();
        detail::call(vecq_index_get_stats, get(), &stats);
        return stats;
    }
    const vecq_index* get() const { return own_.get(); }

    // Finds the best k items for each query.
    Results search(Vectors queries, const SearchOptions& options = {}) const {
        Results found(count_of(queries, "queries"), options.k);
        search(queries, options, found.ids_.data(), found.scores_.data(), found.counts_.data(),
               &found.report_);
        return found;
    }
    // The same into the caller's arrays: ids and scores of queries * k, and counts of queries
    // elements. `report` may be null.
    void search(Vectors queries, const SearchOptions& options, int64_t* ids, float* scores,
                int64_t* counts, vecq_search_report* report = nullptr) const {
        const size_t count = count_of(queries, "queries");
        std::vector<const char*> where;
        const vecq_search_options own = native(options, count, where);
        detail::call(vecq_index_search, get(), &own, queries.data(), count, ids, scores, counts,
                     report);
    }
    // The ef for a target recall (0: the default), and the default rerank count.
    Effort effort(size_t k, double target_recall = 0) const {
        Effort effort{};
        detail::call(vecq_index_effort, get(), k, target_recall, &effort.ef, &effort.rerank);
        return effort;
    }

    Filter allow(Ids ids) const { return filter(&ids, nullptr); }
    Filter deny(Ids ids) const { return filter(nullptr, &ids); }
    // Allows the ids of `allow` (null: all) that are not in `deny` (null: none).
    Filter filter(const Ids* allow, const Ids* deny) const {
        const vecq_choice allowed = choice_of(allow), denied = choice_of(deny);
        vecq_filter* filter = nullptr;
        detail::call(vecq_filter_open, get(), allow == nullptr ? nullptr : &allowed,
                     deny == nullptr ? nullptr : &denied, &filter);
        return Filter(filter, own_);
    }

    bool contains(int64_t id) const {
        uint8_t contains = 0;
        detail::call(vecq_index_contains, get(), &id, size_t{1}, &contains);
        return contains != 0;
    }
    // The numbers of string ids, by which all other calls name items; -1 for unknown ones. Removals
    // and compaction may change the number of a string.
    std::vector<int64_t> numbers(const std::vector<std::string>& names) const {
        std::string bytes;
        std::vector<int64_t> offsets{0}, numbers(names.size());
        for (const std::string& name : names) {
            bytes += name;
            offsets.push_back(static_cast<int64_t>(bytes.size()));
        }
        uint64_t version = 0;
        detail::call(vecq_index_find_ids, get(), bytes.data(), bytes.size(), offsets.data(),
                     names.size(), numbers.data(), &version);
        return numbers;
    }
    // The string ids of numbers; empty where a number has none.
    std::vector<std::string> names(Ids numbers) const {
        std::string bytes(32 * numbers.size(), '\0');
        std::vector<int64_t> offsets(numbers.size() + 1);
        uint64_t version = 0;
        int32_t is_current = 0;
        for (size_t length = bytes.size() + 1; is_current == 0 || length > bytes.size();) {
            if (is_current != 0) bytes.resize(length);
            detail::call(vecq_index_find_ids, get(), nullptr, size_t{0}, offsets.data(), size_t{0},
                         nullptr, &version);
            detail::call(vecq_index_names, get(), numbers.data(), numbers.size(), version,
                         bytes.data(), bytes.size(), offsets.data(), &length, &is_current);
        }
        std::vector<std::string> names;
        for (size_t i = 0; i < numbers.size(); ++i)
            names.push_back(bytes.substr(static_cast<size_t>(offsets[i]),
                                         static_cast<size_t>(offsets[i + 1] - offsets[i])));
        return names;
    }
    // All ids in order of insertion.
    std::vector<int64_t> ids() const {
        std::vector<int64_t> ids;
        for (size_t count = size(); count != ids.size();) {
            ids.resize(count);
            detail::call(vecq_index_ids, get(), ids.data(), ids.size(), &count);
            if (count < ids.size()) ids.resize(count);
        }
        return ids;
    }
    // The decoded vectors of ids.
    std::vector<float> vectors(Ids ids) const {
        std::vector<float> vectors(ids.size() * dim_);
        detail::call(vecq_index_get, get(), ids.data(), ids.size(), vectors.data());
        return vectors;
    }

    // Reads a mapped file into memory.
    void preload(vecq_preload what = VECQ_PRELOAD_SEARCH, bool lock = false) {
        run([&](auto task, auto error) {
            return vecq_task_preload(own_.get(), what, lock ? 1 : 0, task, error);
        });
    }
    // The first problems found; `deep` false: compares only the checksums of the file.
    std::vector<vecq_problem> check(bool deep = true) const {
        const detail::Task task = run(
            [&](auto own, auto error) { return vecq_task_check(get(), deep ? 1 : 0, own, error); });
        size_t listed = 0, count = 0;
        detail::call(vecq_task_problems, task.get(), nullptr, size_t{0}, &listed, &count);
        std::vector<vecq_problem> problems(listed);
        detail::call(vecq_task_problems, task.get(), problems.data(), listed, &listed, &count);
        return problems;
    }

    // Adds vectors; without ids they continue after the largest id so far. With an exception, the
    // vectors linked so far are in the index.
    void add(Vectors vectors, Ids ids = {}, size_t threads = 0) {
        insert(vecq_index_stage, vectors, ids, threads);
    }
    // The same, where items with ids in use are replaced.
    void upsert(Vectors vectors, Ids ids, size_t threads = 0) {
        insert(vecq_index_stage_updates, vectors, ids, threads);
    }
    void remove(Ids ids) {
        detail::call(vecq_index_remove, own_.get(), ids.data(), ids.size());
        repair(1);
    }
    // Writes the index to a file, all or nothing.
    void save(const std::string& path, bool overwrite = false) {
        run([&](auto task, auto error) {
            return vecq_task_save(own_.get(), path.c_str(), overwrite ? 1 : 0, task, error);
        });
    }

private:
    friend class Live;
    using Close = void (*)(vecq_index*);

    Index() = default;

    // Takes over a handle, which `close` gives back.
    void adopt(vecq_index* index, Close close) {
        own_.reset(index, close);
        auto about = detail::sized<vecq_index_description>();
        detail::call(vecq_index_describe, get(), &about, nullptr, nullptr, nullptr);
        dim_ = about.dim;
    }

    size_t count_of(Vectors vectors, const char* argument) const {
        if (vectors.size() % dim_ != 0)
            detail::refuse(argument,
                           std::string(argument) + " has " + std::to_string(vectors.size()) +
                               " values, expected a multiple of dim, " + std::to_string(dim_));
        return vectors.size() / dim_;
    }

    // The options as vecq.h takes them. They borrow from `options` and from `where`.
    vecq_search_options native(const SearchOptions& options, size_t count,
                               std::vector<const char*>& where) const {
        auto own = detail::sized<vecq_search_options>();
        own.k = options.k;
        own.ef = options.ef;
        if (options.ef != 0 && options.target_recall != 0)
            detail::refuse("ef", "ef and target_recall are both given, expected one");
        if (options.target_recall != 0 || !options.rerank) {
            const Effort chosen = effort(options.k, options.target_recall);
            if (options.ef == 0) own.ef = chosen.ef;
            own.rerank = chosen.rerank;
        }
        if (options.rerank) own.rerank = *options.rerank;
        own.plan = options.plan;
        own.threads = options.threads;
        if (options.filter != nullptr) own.filter = options.filter->get();
        if (options.cancelled != nullptr) own.cancelled = options.cancelled->flag();
        if (options.exclude != nullptr) {
            if (options.exclude->queries() != count)
                detail::refuse("exclude", "exclude has ids for " +
                                              std::to_string(options.exclude->queries()) +
                                              " queries, expected " + std::to_string(count));
            own.exclude_offsets = options.exclude->offsets();
            own.exclude_ids = options.exclude->ids();
        }
        set_conditions(own, options, where);
        if (!options.bias_weights.empty()) {
            if (options.bias_weights.size() != count)
                detail::refuse("bias_weights", "bias_weights has " +
                                                   std::to_string(options.bias_weights.size()) +
                                                   " weights, expected one for each of " +
                                                   std::to_string(count) + " queries");
            own.bias_weights = options.bias_weights.data();
        }
        if (options.group_by != nullptr) {
            own.groups = options.group_by->get();
            own.per_group = options.per_group;
        }
        own.diversity = options.diversity;
        own.probes = options.probes;
        own.candidates = options.diversity == 0 ? 0 : std::max(options.candidates, options.k);
        return own;
    }

    static void set_conditions(vecq_search_options& own, const SearchOptions& options,
                               std::vector<const char*>& where) {
        for (const Condition& condition : options.where) {
            const size_t zero = condition ? condition->find('\0') : std::string::npos;
            if (zero != std::string::npos)
                detail::refuse("where",
                               "where, at byte " + std::to_string(zero) + ": a null character");
            where.push_back(condition ? condition->c_str() : nullptr);
        }
        own.where = where.data();
        own.where_count = where.size();
    }

    static vecq_choice choice_of(const Ids* ids) {
        auto choice = detail::sized<vecq_choice>();
        if (ids == nullptr || ids->empty()) return choice;
        choice.ids = ids->data();
        choice.count = ids->size();
        return choice;
    }

    template <class Begin>
    static detail::Task run(Begin begin) {
        vecq_task* begun = nullptr;
        detail::call([&](vecq_error* error) { return begin(&begun, error); });
        detail::Task task(begun);
        detail::finish(task);
        return task;
    }

    template <class Stage>
    void insert(Stage stage, Vectors vectors, Ids ids, size_t threads) {
        const size_t count = count_of(vectors, "vectors");
        if (!ids.empty() && ids.size() != count)
            detail::refuse("ids", "ids has " + std::to_string(ids.size()) + " ids, expected " +
                                      std::to_string(count));
        struct End {
            vecq_index* index;
            ~End() { vecq_index_end_addition(index); }
        } end{own_.get()};
        detail::call(stage, own_.get(), vectors.data(), count, ids.data(), size_t{0}, threads);
        constexpr size_t rows_per_call = 4096;
        size_t done = 0, total = 1;
        while (done < total)
            detail::call(vecq_index_link, own_.get(), rows_per_call, threads, &done, &total);
        detail::call(vecq_index_settle, own_.get());
        repair(threads);
    }
    void repair(size_t threads) {
        size_t done = 0, total = 1;
        while (done < total) detail::call(vecq_index_repair, own_.get(), threads, &done, &total);
    }

    std::shared_ptr<vecq_index> own_;
    size_t dim_ = 0;
};

struct LiveOptions {
    vecq_preload preload = VECQ_PRELOAD_SEARCH;
    bool checks_sums = true;
    // How often a thread looks for a new file; 0: only refresh() does.
    std::chrono::milliseconds interval{1000};
};

// Follows a file: a new one of the same name is opened, checked, loaded and swapped in, while
// searches finish on the index that they began with. A bad file is reported by status().
class Live {
public:
    explicit Live(const std::string& path, const LiveOptions& options = {})
        : own_(nullptr, vecq_live_close) {
        auto native = detail::sized<vecq_live_options>();
        native.preload = options.preload;
        native.skip_checksums = options.checks_sums ? 0 : 1;
        vecq_live* live = nullptr;
        detail::call(vecq_live_open, path.c_str(), &native, &live);
        own_.reset(live);
        if (options.interval.count() > 0)
            watcher_ = std::thread([this, options] { watch(options); });
    }
    Live(const Live&) = delete;
    Live& operator=(const Live&) = delete;
    ~Live() {
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            is_closing_ = true;
        }
        wake_.notify_all();
        if (watcher_.joinable()) watcher_.join();
    }

    // The index in use. It stays open for as long as the caller keeps it.
    Index index(uint64_t* version = nullptr) const {
        const vecq_index* index = nullptr;
        detail::call(vecq_live_acquire, own_.get(), &index, version);
        Index lease;
        // Opened read-only, so that vecq refuses to change it.
        lease.adopt(const_cast<vecq_index*>(index), release);
        return lease;
    }
    Results search(Vectors queries, const SearchOptions& options = {}) const {
        return index().search(queries, options);
    }
    // Looks for a new file now. Returns whether it was swapped in; throws if it is unusable.
    bool refresh(bool retry = false) {
        int32_t swapped = 0;
        detail::call(vecq_live_refresh, own_.get(), retry ? 1 : 0, &swapped);
        return swapped != 0;
    }
    vecq_live_status status() const {
        auto status = detail::sized<vecq_live_status>();
        detail::call(vecq_live_get_status, own_.get(), &status);
        return status;
    }

private:
    static void release(vecq_index* index) { vecq_live_release(index); }

    void watch(const LiveOptions& options) {
        std::unique_lock<std::mutex> lock(mutex_);
        while (!wake_.wait_for(lock, options.interval, [this] { return is_closing_; })) {
            lock.unlock();
            int32_t swapped = 0;
            vecq_live_refresh(own_.get(), 0, &swapped, nullptr);  // status() keeps the error
            lock.lock();
        }
    }

    std::unique_ptr<vecq_live, void (*)(vecq_live*)> own_;
    std::mutex mutex_;
    std::condition_variable wake_;
    bool is_closing_ = false;
    std::thread watcher_;
};

}  // namespace cxx
}  // namespace vecq

#endif
