// Finds the best items of the samples by scans and connects them.
#include "build/list_repair.hpp"

#include <algorithm>
#include <utility>

#include "base/pool.hpp"
#include "quant/query.hpp"

namespace vecq {
namespace {

// Number of best items per sample.
constexpr size_t kListSize = 100;
// Rows scanned per step, so that a step takes a fraction of a second.
constexpr size_t kRowsPerStep = size_t{1} << 21;

}  // namespace

// Up to kBlockQueries samples, scanned together.
struct ListRepair::Block {
    explicit Block(const IndexState& state)
        : coder(state.rows.codes().codec(), Metric::ip, 8), scanner(state.kernels) {}

    // Encodes samples as queries: users first, then rows.
    void encode(const ListRepair& repair, size_t first, size_t count) {
        const IndexState& state = repair.state_;
        const size_t users = repair.users_.size() / state.dim;
        queries.clear();
        codes.clear();
        row_queries.clear();
        for (size_t i = first; i < first + count; ++i) {
            if (i < users) {
                codes.emplace_back(coder.bytes());
                queries.push_back(coder.encode(repair.users_.data() + i * state.dim, i,
                                               codes.back().as<std::byte>()));
            } else {
                row_queries.push_back(std::make_unique<RowQuery>(state));
                queries.push_back(row_queries.back()->by_inner_product(repair.rows_[i - users]));
            }
        }
    }

    QueryCoder coder;
    Scanner scanner;
    std::vector<Memory> codes;
    std::vector<std::unique_ptr<RowQuery>> row_queries;
    std::vector<EncodedQuery> queries;
    std::vector<RowFilter> filters;
};

ListRepair::ListRepair(IndexState& state, std::vector<float> users, std::vector<uint32_t> rows)
    : state_(state),
      users_(std::move(users)),
      rows_(std::move(rows)),
      connector_(state.graph.layers().front()),
      row_query_(state) {}

ListRepair::~ListRepair() = default;

void ListRepair::step(size_t threads) {
    if (is_done()) return;
    if (blocks_.empty()) begin_blocks(threads);
    const size_t all = state_.rows.slots().extent();
    const size_t last = std::min(all, scanned_rows_ + kRowsPerStep);
    const RowList part{{}, scanned_rows_, last - scanned_rows_};
    const ScoredRows scored = state_.rows.scored();
    parallel_for(blocks_.size(), blocks_.size(), [&](size_t i, size_t) {
        Scanner& scanner = blocks_[i]->scanner;
        scanned_rows_ == 0 ? scanner.scan(scored, part) : scanner.extend(scored, part);
    });
    scanned_rows_ = last;
    if (last == all) connect_blocks();
}

void ListRepair::begin_blocks(size_t threads) {
    const size_t left = samples() - done_, block_count = (left + kBlockQueries - 1) / kBlockQueries;
    const size_t count = std::min(workers_for(threads, left), block_count);
    for (size_t i = 0; i < count; ++i) {
        auto block = std::make_unique<Block>(state_);
        const size_t first = done_ + i * kBlockQueries;
        block->encode(*this, first, std::min(kBlockQueries, samples() - first));
        block->filters.assign(block->queries.size(), RowFilter{});
        for (RowFilter& filter : block->filters) filter.allowed = state_.rows.slots().visible();
        block->scanner.begin(block->queries, state_.dim, kListSize, block->filters.data());
        blocks_.push_back(std::move(block));
    }
    scanned_rows_ = 0;
}

void ListRepair::connect_blocks() {
    const ListConnector::Similarity similarity =
        [this](uint32_t row, std::span<const uint32_t> others, float* scores) {
            score_cosines(row, others, scores);
        };
    std::vector<uint32_t> list;
    std::vector<Key> keys, scratch;
    for (const std::unique_ptr<Block>& block : blocks_) {
        for (size_t q = 0; q < block->queries.size(); ++q) {
            const std::span<const Key> found = block->scanner.finish(q);
            keys.assign(found.begin(), found.end());
            sort_keys(keys, scratch);
            list.clear();
            for (const Key key : keys)
                if (!state_.near_zero.contains(node_of(key))) list.push_back(node_of(key));
            connector_.connect(list, similarity);
        }
        done_ += block->queries.size();
    }
    blocks_.clear();
}

// Computes cosines up to a factor that all scores of a row share.
void ListRepair::score_cosines(uint32_t row, std::span<const uint32_t> others, float* scores) {
    state_.kernels.score(row_query_.by_inner_product(row), state_.rows.scored(), others, scores);
    const CodeStore& codes = state_.rows.codes();
    for (size_t i = 0; i < others.size(); ++i) scores[i] /= codes[others[i]].norm;
}

}  // namespace vecq
