// How much of an index may change before passes over the whole graph pay.
#pragma once

#include <cstddef>

namespace vecq {

// Unreachable rows are looked for, and stray links redirected, once one in this many rows was added
// or removed: such a pass takes as long as the graph is large.
inline constexpr size_t kRepairShare = 64;
// Marking reachable rows reads all links. That many links, or that many per changed row, are no
// reason to put it off: a walk that links one row reads more.
inline constexpr size_t kCheapLinks = size_t{1} << 15, kCheapLinksPerChange = size_t{1} << 11;

}  // namespace vecq
