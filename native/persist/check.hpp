// Validates an index in steps and lists the violated invariants.
#pragma once

#include <string>
#include <vector>

#include "base/checksum.hpp"
#include "base/task.hpp"
#include "rows/index_state.hpp"

namespace vecq {

// For example {"links of layer 0, node 17", "links to itself"}.
struct Problem {
    std::string where, what;
};

class CheckTask : public LoopTask {
public:
    enum class Depth {
        checksums,  // only those of its file, if it was opened from one
        all,
    };
    // The index must outlive the task and not change. Up to `unreachable_allowance` unreachable
    // rows are accepted, because repair passes are deferred while few rows change.
    CheckTask(const IndexState& state, Depth depth, size_t unreachable_allowance);

    // The first problems found. `count` counts all of them.
    const std::vector<Problem>& problems() const { return problems_; }
    size_t count() const { return count_; }

private:
    void report(const std::string& where, const std::string& what);

    void check_sums();
    void add_to_sum(const SectionEntry& entry, size_t from, size_t to);
    void check_numbers();
    void check_store(const CodeStore& codes, const char* name);
    void check_link_affines();
    void check_biases();
    void check_walk_affine(const CodeStore& codes, size_t row);
    void check_layer(size_t number);
    void check_list(size_t number, uint32_t node);
    void check_reachability();
    void check_near_zero();
    void check_ids();
    void check_order();
    void check_attributes();
    void check_values(const Attribute& attribute, size_t from, size_t to);
    void check_names();
    void check_cells();

    const IndexState& state_;
    size_t unreachable_allowance_;
    std::vector<Problem> problems_;
    size_t count_ = 0;
    Checksum sum_;
    std::vector<std::byte> block_;
    uint64_t name_bytes_ = 0;  // of the rows checked so far
};

}  // namespace vecq
