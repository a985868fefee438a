// Scans for queries of a call that each have a condition which allows runs of orders of rows.
//
// In that order such runs are windows, and windows of many queries overlap. So rows are read once
// for all, and scored for 32 queries at a time, as if the queries had one filter.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "rows/window_scanner.hpp"
#include "search/order_choice.hpp"
#include "search/request.hpp"

namespace vecq {

// Lives as long as a call; `scan` is for each of its slices.
class WindowScan {
public:
    // With fewer queries too few windows overlap.
    static constexpr size_t kFewestQueries = 32;

    // Answers those of the given queries for which this costs less than a plan of their own, adds
    // to `report`, and returns the numbers of the others. Each query has a condition or none.
    std::vector<size_t> scan(const Request& request, SearcherPool& searchers,
                             std::span<const size_t> numbers, SearchReport& report);
    // Whether the last slice ended before all of these queries were answered.
    bool is_interrupted() const { return is_interrupted_; }

private:
    struct Query {
        size_t number;
        std::vector<std::vector<PlaceRun>> runs;  // per order
        size_t places;                            // of the runs
    };
    struct Rows;

    void parse(const Request& request);
    // Returns the numbers of the queries that it answers, of those given, whose conditions have one
    // shape.
    std::vector<size_t> scan_shape(const Request& request, SearcherPool& searchers,
                                   std::span<const size_t> numbers, SearchReport& report);
    std::vector<Query> queries_of(const Rows& rows, std::span<const size_t> numbers) const;
    double passing_share(const Rows& rows, std::span<const Query> queries) const;
    std::vector<std::span<const Query>> groups_of(const Request& request, const Rows& rows,
                                                  std::span<const Query> queries) const;
    bool costs_less(const Request& request, const Rows& rows, std::span<const Query> queries) const;
    // Returns how many rows the queries may return in all.
    size_t scan_group(const Request& request, Searcher& searcher, const Rows& rows,
                      std::span<const Query> queries) const;
    std::vector<uint32_t> changed_rows(const Rows& rows, const Query& query) const;
    static std::vector<WindowScanner::Window> windows_of(std::span<const Query> queries,
                                                         size_t order);

    size_t text_count_ = 0;  // of all attributes, when the conditions were compiled
    // Per query of the call; null: not an ordered condition.
    std::vector<std::shared_ptr<const OrderedCondition>> conditions_;
    bool is_interrupted_ = false;
};

}  // namespace vecq
