// Constructs the state of an empty index, and finds unreachable rows.
#include "rows/index_state.hpp"

#include <algorithm>
#include <iterator>

#include "graph/reachability.hpp"

namespace vecq {

IndexState::IndexState(const IndexOptions& options, const Codec& codec, const Codec* rerank_codec)
    : options(options),
      dim(codec.dim()),
      kernels(active_engine()[codec.width()]),
      rows(options, codec, rerank_codec),
      graph(2 * options.m) {}

void IndexState::choose_kernels() {
    const Kernels& found = active_engine()[rows.codes().codec().width()];
    if (found.search != kernels.search) costs = {};
    kernels = found;
}

std::vector<uint32_t> IndexState::rows_of(const int64_t* ids, size_t count) const {
    rows.ids().prepare();
    std::vector<uint32_t> found(count);
    for (size_t i = 0; i < count; ++i) {
        found[i] = rows.ids().find(ids[i]);
        if (!rows.slots().is_visible(found[i])) rows.ids().refuse_unknown(ids, i);
    }
    return found;
}

std::vector<uint32_t> IndexState::unreachable_rows() const {
    const Reachability reachable = Reachability::complete(graph.view());
    std::vector<uint32_t> unreached;
    for (uint32_t row = 0; row < rows.slots().extent(); ++row)
        if (rows.slots().is_visible(row) && !reachable.contains(row)) unreached.push_back(row);
    std::vector<uint32_t> in_graph;
    std::ranges::set_difference(unreached, near_zero.all(), std::back_inserter(in_graph));
    return in_graph;
}

}  // namespace vecq
