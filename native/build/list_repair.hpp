// Repairs an inner-product graph with a sample of rows and users as queries: connects the best
// items of each, so that a walk that reaches the first of them reaches all.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "build/list_connector.hpp"
#include "build/row_query.hpp"
#include "rows/index_state.hpp"
#include "rows/scanner.hpp"

namespace vecq {

class ListRepair {
public:
    // Takes the samples: `users` are vectors similar to later queries, `rows` are rows of the
    // graph.
    ListRepair(IndexState& state, std::vector<float> users, std::vector<uint32_t> rows);
    ~ListRepair();

    size_t samples() const { return users_.size() / state_.dim + rows_.size(); }
    size_t done() const { return done_; }
    bool is_done() const { return done_ == samples(); }
    // Scans a bounded number of rows for the next samples, a block per thread. Connects their lists
    // once all rows are scanned.
    void step(size_t threads);

private:
    struct Block;

    void begin_blocks(size_t threads);
    void connect_blocks();
    void score_cosines(uint32_t row, std::span<const uint32_t> others, float* scores);

    IndexState& state_;
    std::vector<float> users_;
    std::vector<uint32_t> rows_;
    std::vector<std::unique_ptr<Block>> blocks_;  // being scanned
    size_t scanned_rows_ = 0;                     // number of rows scanned for all blocks
    size_t done_ = 0;
    ListConnector connector_;
    RowQuery row_query_;
};

}  // namespace vecq
