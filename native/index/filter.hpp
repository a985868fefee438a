// Rows that all queries of a search may be answered with, prepared once for many searches.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "index/index.hpp"

namespace vecq {

// A bit for each of the index's rows at some time; none for one that is not there.
struct Passing {
    std::vector<uint64_t> bits;
    size_t changes = 0;          // of the index by then
    size_t rows = 0, count = 0;  // of all, and of those that pass
    // Of those that pass, if they are few enough to be listed, and how many pass before each word.
    std::vector<uint32_t> list, before;
};

class Filter;

// Some rows: a list of ids, of which unknown ones mean nothing; a mask by the order in which rows were
// added; or those that pass another filter.
struct Choice {
    const int64_t* ids = nullptr;
    const uint8_t* mask = nullptr;
    const Filter* filter = nullptr;
    size_t count = 0;  // of ids or flags
};

class Filter {
public:
    // What is allowed, where null stands for everything, and not denied, where null is nothing.
    Filter(const Index& index, const Choice* allow, const Choice* deny);
    Filter(const Filter&) = delete;
    Filter& operator=(const Filter&) = delete;
    ~Filter();

    const Index& index() const { return index_; }
    // Items that were added later pass if it wasn't listed what is allowed, unless another filter that
    // they pass is denied; one that was updated passes if it did before. The index must not change meanwhile, nor until whoever asks is done with it.
    std::shared_ptr<const Passing> passing() const;
    // How many items pass now.
    size_t count() const;

private:
    void choose(Passing& passing, const Choice* allow, const Choice* deny) const;
    void set_chosen(Passing& passing, const Choice& choice, bool pass, const char* argument) const;
    void replay(Passing& passing) const;

    const Index& index_;
    std::shared_ptr<Changes> changes_;  // it may be left when the index is gone
    bool later_;                        // whether rows that were added later pass
    mutable std::mutex growing_;
    mutable std::shared_ptr<const Passing> passing_;
};

}  // namespace vecq
