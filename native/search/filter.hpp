// Rows that all queries of a search may be answered with, prepared once for many searches. A filter
// follows its index: it replays what became of rows since it last looked.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "base/bitset.hpp"
#include "rows/index_state.hpp"

namespace vecq {

// The rows that pass, in one state of the index.
struct Passing {
    Bitset bits;                 // 0 for rows without an item
    size_t changes = 0;          // of the index by then
    size_t rows = 0, count = 0;  // all rows, and those that pass
    // The rows that pass if they are few enough to be listed, and the number before each word.
    std::vector<uint32_t> list, before;
};

class Filter;

// Some rows: a list of ids, of which unknown ones are ignored; a mask in insertion order; or the
// rows that pass another filter.
struct Choice {
    const int64_t* ids = nullptr;
    const uint8_t* mask = nullptr;
    const Filter* filter = nullptr;
    size_t count = 0;  // of ids or flags
};

class Filter final : public ChangeListener {
public:
    // Null allows everything, and denies nothing. The index must outlive searches with the filter.
    Filter(const IndexState& state, FairSharedMutex& searches, const Choice* allow,
           const Choice* deny);
    Filter(const Filter&) = delete;
    Filter& operator=(const Filter&) = delete;
    ~Filter();

    bool belongs_to(const IndexState& state) const { return &state_ == &state; }
    // Items added later pass unless the filter lists what is allowed or denies by a filter that
    // they pass; an updated item passes if it did before. While the index does not change, until
    // the caller is done.
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
