// A repair pass over the whole graph, due after enough rows were added or removed: it redirects
// links to vacant slots and gives unreachable rows a link from a near row. It runs in steps of a
// fraction of a second, on several threads, and may stop between them: the index is valid at any
// time.
//
//   redirect stray links, if there are many > mark reachable rows > attach the others > mark again
//
// One round attaches all rows, except in a graph from a damaged file: there rounds repeat while
// they attach more.
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
    // If rows change between steps, the caller must start another pass.
    GraphRepair(IndexState& state, FairSharedMutex& searches, Remover& remover);

    Progress step(size_t threads);
    // Whether the graph still has the arrays of the start of the pass.
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
    size_t layer_ = 0, node_ = 0;  // next node to redirect
    std::vector<uint32_t> entries_;
    GraphView base_{};  // layer 0 with the rows of the entry points
    std::optional<Reachability> reachable_;
    std::vector<uint32_t> unreachable_;
    size_t attached_ = 0;                   // number of unreachable rows attached
    size_t unreachable_before_ = SIZE_MAX;  // in the round before
    std::vector<Key> near_;
    std::optional<HostFinder> hosts_;
    RowQuery row_query_;
    std::unique_ptr<WalkScratch> walk_;
};

}  // namespace vecq
