// An index: rows of codes, a graph over them, and the callers' ids. This class owns state and locks
// and delegates to the rooms:
//   rows/     per-row arrays and shared state
//   build/    adding, removing, importing, repairing
//   search/   planning, walking, scanning
//   persist/  saving, opening, checking, refitting, compacting
//
// Changing calls exclude each other (IndexLocks::changes). Searches run during changes and saves;
// see build/builder.hpp for what a change may touch meanwhile.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "build/builder.hpp"
#include "index/stats.hpp"
#include "persist/check.hpp"
#include "persist/preload.hpp"
#include "persist/rebuild.hpp"
#include "persist/save.hpp"
#include "rows/graph_exchange.hpp"
#include "search/search.hpp"
#include "search/where_filters.hpp"

namespace vecq {

class IndexReader;

// The options that an index was created with.
struct IndexDescription {
    IndexOptions options;
    size_t dim;
    CodecOptions codec;
    std::optional<CodecOptions> rerank_codec;
};

class Index {
public:
    // `rerank_codec` may be null: then there is no rerank store.
    Index(const IndexOptions& options, const Codec& codec, const Codec* rerank_codec);
    // Opens the index in a file. Changes of a writable index stay in memory.
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
    void give_biases(std::span<const float> biases);
    void stage(const float* vectors, size_t count, const int64_t* ids, bool replacing,
               size_t number, size_t threads);
    // Of the next addition.
    void choose_build(BuildMethod method);
    Progress link(size_t rows, size_t threads);
    void stage_attributes(std::span<const GivenValues> given, size_t count);
    void settle();
    // Settles an open addition and starts the repair pass that is due. Does nothing without one.
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
    std::unique_ptr<Filter> make_filter(const Choice* allow, const Choice* deny) const {
        return std::make_unique<Filter>(state_, locks_.searches, allow, deny);
    }
    // Throws unless an expression is valid.
    void check_where(std::string_view where) const;
    void set_attributes(const int64_t* ids, size_t count, std::span<const GivenValues> given);
    // Decodes the vectors of ids. Throws for unknown ids.
    void get(const int64_t* ids, size_t count, float* vectors) const;
    void contains(const int64_t* ids, size_t count, uint8_t* contained) const;
    // Writes all ids in insertion order if `capacity` suffices. Returns their number.
    size_t list_ids(int64_t* ids, size_t capacity) const;
    // Sets the biases of items, all at once for every search. Throws for an unknown id.
    void set_biases(std::span<const int64_t> ids, const float* biases);
    // Writes the biases of items. Throws for an unknown id.
    void get_biases(std::span<const int64_t> ids, float* biases) const;

    // String ids. Their numbers are the ids of all other calls.
    bool has_names() const;
    uint64_t names_version() const;
    // Chooses between string and integer ids of an index without items.
    void use_names(bool names);
    // Returns the numbers of strings; new strings get one. No other change may run until the items
    // are added.
    void name_ids(std::span<const std::string_view> names, int64_t* ids);
    // Returns the numbers of strings, -1 for unknown ones, and the version of the names.
    uint64_t find_ids(std::span<const std::string_view> names, int64_t* ids) const;
    // Calls visit(i, name) for each id if the names are of this version, and returns whether they
    // are. An id without an item may have no name: an empty string.
    template <class Visit>
    bool each_name(std::span<const int64_t> ids, uint64_t version, Visit&& visit) const {
        return inspect([&](const IndexState& state) {
            const Names& names = state.rows.ids().names();
            if (names.version() != version) return false;
            names.each(ids, visit);
            return true;
        });
    }

    void set_curve(RecallCurve curve);
    RecallCurve curve() const;
    // Beam width for k results without a target recall.
    size_t default_ef(size_t k) const;
    // Candidates to rescore for k results; 0 without rerank codes.
    size_t rerank_width(size_t k) const;

    // Tasks; the index must outlive them.
    std::unique_ptr<SaveTask> save(const std::string& path, bool overwrite);
    std::unique_ptr<Task> preload(Preload what, bool lock);
    std::unique_ptr<Task> refit();
    std::unique_ptr<Task> compact();
    std::unique_ptr<Task> partition(size_t cells);
    std::unique_ptr<CheckTask> check(CheckTask::Depth depth) const;

    // Calls body(state) under the read lock of searches.
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
    void require_names(const int64_t* ids, size_t count) const;
    void drop_unused_names();

    IndexState state_;
    mutable IndexLocks locks_;
    Builder builder_;
    SeenFiles seen_files_;
    mutable SearcherPool searchers_;
    mutable WhereFilters where_filters_;
};

}  // namespace vecq
