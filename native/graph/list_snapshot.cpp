// Lets layer.hpp notify a snapshot without its definition.
#include "graph/list_snapshot.hpp"

namespace vecq {

void save_list(ListSnapshot& snapshot, const Layer& layer, uint32_t node) {
    snapshot.save(layer, node);
}

}  // namespace vecq
