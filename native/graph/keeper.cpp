#include "graph/keeper.hpp"

namespace vecq {

void keep_list(Keeper& keeper, const Layer& layer, uint32_t node) { keeper.keep(layer, node); }

}  // namespace vecq
