// A set of allowed items, prepared once for many searches. A filter follows the changes of its
// index: it replays the change log before each use.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "base/bitset.hpp"
#include "rows/index_state.hpp"

namespace vecq {

// The allowed rows of a filter in one state of the index.
class Passing {
public:
    Passing() = default;
    Passing(Bitset bits, size_t rows);

    Bitset bits;                 // 0 for rows without an item
    size_t changes = 0;          // number of changes replayed
    size_t rows = 0, count = 0;  // of all rows, and of allowed ones

    // Whether scans read a list of the allowed rows instead of all rows.
    bool is_listed() const;
    // The allowed rows, and their number before each word. Made at the first call: walks need no
    // list. Thread-safe.
    struct List {
        std::vector<uint32_t> rows, before;
    };
    const List& list() const;

private:
    mutable std::once_flag listing_;
    mutable List list_;
};

class Filter;

// A set of items: a list of ids, where unknown ids are ignored; a mask in insertion order; or the
// items that another filter allows. Exactly one pointer is set.
struct Choice {
    const int64_t* ids = nullptr;
    const uint8_t* mask = nullptr;
    const Filter* filter = nullptr;
    size_t count = 0;  // of ids or flags
};

class Filter final : public ChangeListener {
public:
    // A null `allow` allows all items, a null `deny` denies none. The index must outlive searches
    // with the filter.
    Filter(const IndexState& state, FairSharedMutex& searches, const Choice* allow,
           const Choice* deny);
    Filter(const Filter&) = delete;
    Filter& operator=(const Filter&) = delete;
    ~Filter();

    bool belongs_to(const IndexState& state) const { return &state_ == &state; }
    // Returns the allowed rows, up to date. Items added later are allowed unless `allow` was given
    // or `deny` was a filter that allows them; an updated item keeps its state. The index must not
    // change during the call.
    std::shared_ptr<const Passing> passing() const;
    size_t count() const;

    void replay_changes() const override { passing(); }

private:
    void choose(Passing& passing, const Choice* allow, const Choice* deny) const;
    void assign_chosen(Passing& passing, const Choice& choice, bool pass,
                       const char* argument) const;
    void replay(Passing& passing) const;

    const IndexState& state_;
    FairSharedMutex& searches_;
    std::shared_ptr<ChangeLog> changes_;  // may outlive the index
    bool passes_later_rows_;
    mutable std::mutex updating_;
    mutable std::shared_ptr<const Passing> passing_;
};

}  // namespace vecq
