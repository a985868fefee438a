// An index: rows of codes, the graph over them, the callers' ids.
//
// Life cycle of rows: `stage` encodes them behind those that are there, where no search sees them;
// `link` puts them into the graph, some at a time, in an order of its own; `settle` ends an addition,
// however far it came, and drops the rows that are not linked. `remove` takes rows out again.
//
// Locks: calls that change the index take turns (`writing_`); of additions there is one at a time, of
// many calls. Searches hold `turnstile_` to read, and run while a writer works on
//     rows behind those that searches look at, and their codes and constants;
//     lists of links, which are written and read link by link: walks come to rows that are just being
//     linked or were just removed, and drop them from what they found;
//     what only writers look at.
// For the rest, which mostly takes microseconds, a writer holds the turnstile alone: to make room, to have walks
// begin elsewhere, to show rows and hide them, to change ids. Once it was alone, no search is left that
// came to a row before it was unlinked: then a slot may be filled again.
//
// An index may come from a file and then uses its arrays in place, see index/opening; index/saving writes
// one. Opened to be read, it refuses additions; opened to be written to, it writes to memory only.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/rng.hpp"
#include "base/turnstile.hpp"
#include "engine/engine.hpp"
#include "graph/graph.hpp"
#include "index/changes.hpp"
#include "index/ids.hpp"
#include "index/options.hpp"
#include "index/planner.hpp"
#include "index/slots.hpp"
#include "index/store.hpp"
#include "index/task.hpp"
#include "storage/mapped_file.hpp"

namespace vecq {

struct LinkWorker;

[[noreturn]] void refuse_unknown(const int64_t* ids, size_t at);

class Index {
public:
    Index(const IndexOptions& options, const Codec& codec, const Codec* wide_codec);
    // The index that a file holds.
    Index(const std::string& path, bool writable);
    ~Index();

    const IndexOptions& options() const { return options_; }
    size_t dim() const { return dim_; }
    size_t size() const;
    const Codec& codec() const { return store_.codec(); }
    const Codec* wide_codec() const { return wide_ ? &wide_->codec() : nullptr; }
    // Where its arrays lie, or null.
    const MappedFile* file() const { return file_.get(); }
    // Moves what searches need from its file to memory.
    void own_walked();

    void reserve(size_t rows);
    bool must_fit() const;
    void fit(const float* sample, size_t count);
    // Users whose best items the repair of an inner-product graph looks at, beside those of items.
    void sample_users(const float* users, size_t count, size_t number);
    // With `updating`, ids may be those of items, which are replaced.
    void stage(const float* vectors, size_t count, const int64_t* ids, bool updating, size_t number,
               size_t threads);
    // Links about `rows` rows, or does as much of what follows; done == total ends it.
    Progress link(size_t rows, size_t threads);
    void settle();
    // Settles an addition that is open, if there is one.
    void end_addition();
    // All of this, on one thread. False, and nothing happens, if there are no rows yet.
    bool add_few(const float* vectors, size_t count, const int64_t* ids, bool updating);

    SearchReport search(const float* queries, size_t count, const SearchOptions& options,
                        const Found& found) const;
    IndexStats stats() const;
    // Of the store whose codec has a scale that all rows share.
    Store::Clipped clipped() const;

    // The vectors of ids, as far as codes tell them, the wider ones if there are any.
    void get(const int64_t* ids, size_t count, float* vectors) const;
    // What was measured last of what recall takes; kept with the index until its codes are made anew.
    void set_curve(Curve curve);
    Curve curve() const;
    // In the order in which they were added, if there is room for all. Returns how many there are.
    size_t list_ids(int64_t* ids, size_t room) const;

    // A graph that was made elsewhere, for rows that are staged, in an index that had none; see vecq.h.
    void import_levels(const uint8_t* levels, size_t count);
    void import_links(size_t layer, const LinkLists& lists);
    void import_adopt(uint32_t entry);
    GraphShape export_graph() const;
    void export_rows(size_t first, size_t count, uint8_t* levels, int64_t* ids,
                     float* vectors) const;
    void export_links(size_t layer, size_t first, size_t count, uint32_t* links,
                      size_t width) const;

    // Takes items out, all or none: an id that is not there is refused.
    void remove(const int64_t* ids, size_t count);
    // Whether there is an item of each id.
    void holds(const int64_t* ids, size_t count, uint8_t* held) const;

    // Calls body() while nothing changes.
    template <class Body>
    void look(Body&& body) const {
        const auto lock = turnstile_.read();
        body();
    }

private:
    friend class Snapshot;
    friend class Rebuilding;
    friend class Refitting;
    friend class Compacting;
    friend class Checking;
    friend class Filter;
    class Opening;
    struct Addition;
    struct Searcher;
    class Lister;

    explicit Index(Opening opening);
    void require_changeable();
    void require_unsaved() const;
    size_t begin_rebuilding();
    void end_rebuilding();
    void require_sound() const;
    void require_sound_layers() const;
    void require_sound_lists() const;

    // Graphs for inner products have one layer, entered at the longest rows; all but layered ones.
    bool flat() const;
    bool has_link_affine() const {
        return link_ == Link::automatic || (flat() && link_ != Link::metric);
    }
    ScoredRows scored() const;
    ScoredRows scored_for_links() const;
    LinkMeasure measure() const;
    std::vector<uint32_t> unreachable() const;
    size_t items_on(const Layer& layer) const;
    void make_room(size_t rows);
    void stage_ids(const int64_t* ids, size_t count, bool updating, size_t number);
    void check_affines(size_t first, size_t number) const;
    void truncate(size_t rows);

    // No rows are staged. An index without rows never counts as settled: its codecs may be fitted
    // to rows that were not added.
    bool is_settled() const;
    bool begin_linking();
    size_t slots_to_fill(size_t count);
    std::vector<uint32_t> staged_order(const std::vector<uint8_t>& levels, size_t count) const;
    float usual_norm(size_t count) const;
    void put_into_slots(Addition& addition, size_t filled);
    void resize_affines();
    void fill_affine(uint32_t row);
    Affine link_affine_of(const RowConstants& row) const;
    void link_first();
    void link_range(size_t to, size_t threads, size_t turns);
    RowLinkJob link_job();
    LinkWorker& worker(size_t number);
    void show(size_t to);
    void show_next(std::vector<uint32_t>& gone);
    void drop_unlinked(const Addition* addition);
    size_t rows_linked_alone() const;
    void finish_linking();

    Graph& importing() const;
    void show_imported(uint32_t entry);

    void enter_at(uint32_t row);
    void enter_at_longest(uint32_t row);
    void leave_entries(uint32_t row);
    void enter_anew(uint32_t without);
    void enter_longest(uint32_t without);

    std::vector<uint32_t> rows_to_remove(const int64_t* ids, size_t count);
    std::vector<uint32_t> rows_of(const int64_t* ids, size_t count) const;
    void hide_some(std::span<const uint32_t> rows, std::vector<uint32_t>& gone);
    void hide(uint32_t row);
    void unlink(std::span<const uint32_t> rows);
    void empty_lists(uint32_t row);
    void sweep_links();
    void start_over();

    size_t samples() const;
    void choose_samples();
    void connect_samples(size_t threads);
    std::vector<float> sample_vectors(size_t from, size_t to) const;
    void score_cosines(uint32_t row, std::span<const uint32_t> others, float* scores) const;
    EncodedQuery link_query(uint32_t row, std::vector<std::byte>& codes) const;
    std::vector<uint32_t> entry_rows() const;
    bool is_aside(uint32_t row) const;
    void put_aside(uint32_t row);
    void take_from_aside(uint32_t row);
    bool same(uint32_t a, uint32_t b) const;
    void sweep(size_t changed);

    std::unique_ptr<Searcher> take_searcher(int query_bits) const;
    void keep_searcher(std::unique_ptr<Searcher> searcher) const;
    struct Request;
    Request request_of(const float* queries, size_t count, const SearchOptions& options,
                       const Found& found) const;
    Question question_of(const Request& request) const;
    template <class Body>
    WalkCounts with_searchers(const Request& request, size_t tasks, Body&& body) const;
    const Gate* gates_of(Searcher& searcher, const Request& request, size_t first,
                         size_t count) const;
    void walk(const Request& request, SearchReport& report) const;
    size_t walk_some(Searcher& searcher, const Request& request, size_t first, size_t count) const;
    bool links_lead_to_items() const;
    void drop_others(std::vector<Key>& keys) const;
    void offer_aside(Searcher& searcher, const EncodedQuery& query, const Gate* gate,
                     size_t width) const;
    size_t scan(const Request& request) const;
    void scan_group(Searcher& searcher, const Request& request, size_t first, size_t count) const;
    void scan_parts(const Request& request, size_t first, size_t count, size_t threads) const;
    void scan_for(Searcher& searcher, const Request& request, size_t i, Gate gate) const;
    void finish(Searcher& searcher, const Request& request, size_t number) const;

    void measure_pace();
    double encode_own_rows(Searcher& searcher) const;
    void measure_walks(Searcher& searcher, Pace& pace) const;
    void measure_scans(Searcher& searcher, Pace& pace) const;
    float growth_of(std::span<const Key> found, std::span<const size_t> counts) const;

    IndexOptions options_;
    size_t dim_;
    Link link_;  // automatic: by l2, all that the codes of a centred codec allow
    const Kernels& kernels_;
    Store store_;
    std::optional<Store> wide_;
    Ids ids_;
    Graph graph_;
    Array<Affine> affine_;         // for searching
    Array<Affine> wide_affine_;    // for reranking
    Array<Affine> link_affine_;    // for linking, where that is by another measure
    Slots slots_;                  // which rows searches see
    std::vector<uint32_t> heirs_;  // of rows that were removed since links were swept
    std::shared_ptr<Changes> changes_ = std::make_shared<Changes>();
    Array<uint32_t> aside_;  // rows too short for the graph of an inner product
    Random levels_;
    float unit_ = 0;            // the norm that links by norm are relative to
    std::vector<float> users_;  // of the next addition
    size_t unswept_ = 0;        // rows added since all was looked over
    Pace pace_;
    Curve curve_;
    std::unique_ptr<Addition> addition_;
    std::unique_ptr<Graph> imported_;  // until it is adopted
    Locks locks_;
    std::vector<std::unique_ptr<LinkWorker>>
        workers_;        // kept, for they cost more than to link a row
    bool torn_ = false;  // work on links was broken off: rows that are gone may be linked to
    std::shared_ptr<const MappedFile> file_;
    bool looked_over_ = true;  // no file's word is taken for what linking relies on
    bool saved_ = false;       // there is a snapshot
    bool rebuilt_ = false;     // its rows are being put into new arrays
    mutable std::mutex writing_;
    mutable Turnstile turnstile_;
    mutable std::mutex searchers_mutex_;
    mutable std::vector<std::unique_ptr<Searcher>> searchers_;
};

}  // namespace vecq
