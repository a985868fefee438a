// An index: rows of codes, a graph over them, and the callers' ids. This class owns the locks and
// says which room does what:
//   rows/     everything that there is one of per row
//   build/    adds, removes, imports and repairs
//   search/   plans, walks and scans
//   persist/  saves, opens, checks, refits and compacts
//
// Calls that change the index take turns (IndexLocks::changes). Searches run while others add,
// remove and save; see build/builder.hpp for what a change may touch while they do.
#pragma once

#include <memory>
#include <string>

#include "build/builder.hpp"
#include "index/stats.hpp"
#include "persist/check.hpp"
#include "persist/preload.hpp"
#include "persist/rebuild.hpp"
#include "persist/save.hpp"
#include "rows/graph_exchange.hpp"
#include "search/search.hpp"

namespace vecq {

class IndexReader;

// The options that an index was made with.
struct IndexDescription {
    IndexOptions options;
    size_t dim;
    CodecOptions codec;
    std::optional<CodecOptions> rerank_codec;
};

class Index {
public:
    // `rerank_codec` is null or codes a store for rescoring.
    Index(const IndexOptions& options, const Codec& codec, const Codec* rerank_codec);
    // The index that a file holds. Writable, it is changed in memory only.
    Index(const std::string& path, bool writable);

    size_t dim() const { return state_.dim; }
    IndexDescription describe() const;
    size_t size() const;
    IndexStats stats() const;
    CodeStore::Clipped clipped() const;

    // Additions: stage, link until done, settle; then repair until done.
    void reserve(size_t rows);
    void fit(const float* sample, size_t count);
    void sample_users(const float* users, size_t count, size_t number);
    void stage(const float* vectors, size_t count, const int64_t* ids, bool replacing,
               size_t number, size_t threads);
    Progress link(size_t rows, size_t threads);
    void settle();
    // Settles an addition that is open, if there is one, and begins the repairs that are due.
    void end_addition();
    bool add_few(const float* vectors, size_t count, const int64_t* ids, bool replacing);
    void remove(const int64_t* ids, size_t count);
    Progress repair(size_t threads);

    void import_levels(const uint8_t* levels, size_t count);
    void import_links(size_t layer, const LinkLists& lists);
    void import_adopt(uint32_t entry);

    SearchReport search(const float* queries, size_t count, const SearchOptions& options,
                        const Found& found) const;
    bool owns(const Filter& filter) const { return filter.belongs_to(state_); }
    // A filter of this index, see Filter.
    std::unique_ptr<Filter> make_filter(const Choice* allow, const Choice* deny) const {
        return std::make_unique<Filter>(state_, locks_.searches, allow, deny);
    }
    // Decodes the vectors of ids. Refuses unknown ids.
    void get(const int64_t* ids, size_t count, float* vectors) const;
    void contains(const int64_t* ids, size_t count, uint8_t* contained) const;
    // All ids in insertion order, if there is capacity for them. Returns their number.
    size_t list_ids(int64_t* ids, size_t capacity) const;
    void set_curve(RecallCurve curve);
    RecallCurve curve() const;

    // Tasks; the index must outlive them.
    std::unique_ptr<SaveTask> save(const std::string& path, bool overwrite);
    std::unique_ptr<Task> preload(Preload what, bool lock);
    std::unique_ptr<Task> refit();
    std::unique_ptr<Task> compact();
    std::unique_ptr<CheckTask> check(CheckTask::Depth depth) const;

    // Calls body(state) while nothing changes.
    template <class Body>
    auto inspect(Body&& body) const {
        const auto lock = locks_.searches.read();
        return body(state_);
    }

private:
    explicit Index(const IndexReader& reader);
    std::unique_lock<std::mutex> lock_changes();
    void require_changeable();
    void begin_rebuild();
    void repair_briefly();
    void copy_searched();
    void measure_costs();

    IndexState state_;
    mutable IndexLocks locks_;
    Builder builder_;
    SeenFiles seen_files_;
    mutable SearcherPool searchers_;
};

}  // namespace vecq
