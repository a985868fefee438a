// A pass over the whole graph after enough rows came or went: links to vacant slots are redirected,
// and rows that no walk can reach get a link from a near row. It runs in steps of a fraction of a
// second, on several threads, and may be given up between them: the index is valid all the time.
//
//   redirect stray links, if there are many > mark reachable rows > attach the others > mark again
//
// One round attaches all rows unless a file has damaged the graph; a round that gains nothing is
// the last.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/task.hpp"
#include "build/host_finder.hpp"
#include "build/remover.hpp"
#include "build/row_query.hpp"
#include "graph/reachability.hpp"

namespace vecq {

class GraphRepair {
public:
    // Rows must not change between the steps, or the pass has to begin again.
    GraphRepair(IndexState& state, FairSharedMutex& searches, Remover& remover);

    Progress step(size_t threads);
    // Whether the graph still has the arrays that the pass began with.
    bool is_current() const { return graph_version_ == state_.graph.version(); }

private:
    enum class Stage { redirect, mark, attach, done };

    void redirect(size_t threads);
    void begin_marking();
    void mark(size_t threads);
    void begin_attaching();
    void attach_some();
    void attach(uint32_t row);
    void find_near(uint32_t row);

    IndexState& state_;
    FairSharedMutex& searches_;
    Remover& remover_;
    const uint64_t graph_version_;
    Stage stage_;
    Progress progress_{};
    size_t layer_ = 0, node_ = 0;  // to be redirected next
    std::vector<uint32_t> entries_;
    GraphView base_{};  // layer 0, entered where walks begin
    std::optional<Reachability> reachable_;
    std::vector<uint32_t> lost_;
    size_t attached_ = 0;            // of the lost rows
    size_t lost_before_ = SIZE_MAX;  // by the last round of marking
    std::vector<Key> near_;
    std::optional<HostFinder> hosts_;
    RowQuery row_query_;
    std::unique_ptr<WalkScratch> walk_;
};

}  // namespace vecq
