// Scans for queries of a call that each allow a range of values of one attribute.
//
// In the order of values such ranges are windows, and windows of many queries overlap. So rows are
// read once for all, and scored for 32 queries at a time, as if the queries had one filter.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "search/predicate.hpp"
#include "search/request.hpp"

namespace vecq {

// Lives as long as a call; `scan` is for each of its slices.
class WindowScan {
public:
    // Answers those pending queries for which this costs less than a plan of their own, and leaves
    // the others pending. Adds to `report`.
    void scan(const Request& request, SearcherPool& searchers, Pending& pending,
              SearchReport& report);

private:
    struct Query {
        size_t number;
        OrderedRun run;
    };
    struct Rows;

    void parse(const Request& request);
    // Returns the numbers of the queries that it answers, of those given.
    std::vector<size_t> scan_attribute(const Request& request, SearcherPool& searchers,
                                       std::span<const size_t> numbers, SearchReport& report) const;
    static std::vector<std::span<const Query>> groups_of(const Request& request,
                                                         std::span<const Query> queries);
    static bool costs_less(const Request& request, std::span<const Query> queries);
    // Returns how many rows the queries may return in all.
    size_t scan_group(const Request& request, Searcher& searcher, const Rows& rows,
                      std::span<const Query> queries) const;
    std::vector<uint32_t> tested_rows(const Rows& rows, const Query& query) const;

    bool is_parsed_ = false;
    std::vector<std::optional<Term>> terms_;  // per query of the call; none: not a range
};

}  // namespace vecq
