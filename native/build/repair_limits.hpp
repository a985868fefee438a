// Thresholds for repair passes over the whole graph.
#pragma once

#include <cstddef>

namespace vecq {

// A pass, which is linear in the graph, is due once 1/kRepairShare of the rows were added or
// removed.
inline constexpr size_t kRepairShare = 64;
// Graphs of up to this many links, plus this many per changed row, are repaired after any change:
// the walk that links one row reads more.
inline constexpr size_t kCheapLinks = size_t{1} << 15, kCheapLinksPerChange = size_t{1} << 11;

// Number of rows that list repair samples from a new graph, and from one built in bulk: there, more
// samples raise recall by no more than a wider beam of the same cost does.
inline constexpr size_t kListSamples = 10'000, kBulkListSamples = 1'000;

}  // namespace vecq
