// Looks an index over and lists what is wrong with it.
#pragma once

#include <string>
#include <vector>

#include "base/checksum.hpp"
#include "index/index.hpp"
#include "index/task.hpp"

namespace vecq {

struct Problem {
    std::string where, what;
};

class Checking : public Loops {
public:
    enum class Depth {
        checksums,  // of its file, if it has one
        all,
    };
    // The index must outlive this, and not change.
    Checking(const Index& index, Depth depth);

    // The first ones, and how many there are in all.
    const std::vector<Problem>& problems() const { return problems_; }
    size_t count() const { return count_; }

private:
    void report(const std::string& where, const std::string& what);

    void check_sums();
    void add_to_sum(const SectionEntry& entry, size_t from, size_t to);
    void check_numbers();
    void check_store(const Store& store, const Array<Affine>& affine, const char* name);
    void check_graph();
    void check_layer(size_t number);
    void check_list(size_t number, uint32_t node);
    void check_reach();
    size_t allowed_to_be_lost() const;
    void check_aside();
    void check_ids();

    const Index& index_;
    std::vector<Problem> problems_;
    size_t count_ = 0;
    Checksum sum_;
    std::vector<std::byte> block_;
};

}  // namespace vecq
