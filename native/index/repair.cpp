// After linking: an inner-product graph is repaired by lists of best items, and whatever no walk can
// come to is linked from a row near it.
#include <algorithm>
#include <cstring>

#include "base/pool.hpp"
#include "base/status.hpp"
#include "base/vectors.hpp"
#include "graph/attach.hpp"
#include "graph/reach.hpp"
#include "index/addition.hpp"
#include "index/block_scorer.hpp"
#include "index/index.hpp"
#include "index/searcher.hpp"

namespace vecq {
namespace {

// Rows whose best items are looked at, in a graph that is new.
constexpr size_t kSamples = 10'000;
// Best items of each.
constexpr size_t kListed = 100;
// Rows that a walk looks for near one that cannot be reached.
constexpr size_t kNear = 64;
// A sweep reads all links: at most so many, or so many for each row that changed, are no reason to put it off.
// A walk that links a row reads more.
constexpr size_t kSweptAtOnce = size_t{1} << 15, kSweptPerChange = size_t{1} << 11;

}  // namespace

// The best rows of some queries, by scoring all.
class Index::Lister {
public:
    explicit Lister(const Index& index)
        : index_(index),
          scorer_(index.store_.codec(), Metric::ip, 8),
          scores_(kBlockQueries * kRowsAtOnce) {}

    size_t queries_at_once() const { return scorer_.queries_at_once(); }

    void list(const float* queries, size_t count, std::vector<uint32_t>* lists) {
        scorer_.encode(queries, index_.dim(), 0, count);
        for (size_t q = 0; q < count; ++q) best_[q].begin(kListed);
        const Rows rows = index_.store_.rows();
        const size_t all = index_.slots_.extent();
        for (size_t first = 0; first < all; first += kRowsAtOnce) {
            const size_t now = std::min(kRowsAtOnce, all - first);
            scorer_.score({rows.at(first), rows.row_bytes, now}, index_.affine_.data() + first,
                          scores_.data(), kRowsAtOnce);
            for (size_t q = 0; q < count; ++q)
                keep(index_.slots_, best_[q], scores_.data() + q * kRowsAtOnce, first, now);
        }
        for (size_t q = 0; q < count; ++q) {
            lists[q].clear();
            for (const Key key : best_[q].keys())
                if (!index_.is_aside(node_of(key))) lists[q].push_back(node_of(key));
        }
    }

private:
    // Few scores are worth a look once there are enough good ones.
    static void keep(const Slots& slots, Frontier& best, const float* scores, size_t first,
                     size_t count) {
        for (size_t r = 0; r < count; r += kChunk) {
            Floats some;
            load_chunk(some, scores + r);
            const Ints better = some > best.worst();
            if (sum_of<int32_t>(better) == 0) continue;
            for (size_t i = r; i < std::min(r + kChunk, count); ++i)
                if (scores[i] > best.worst() && slots.shows(static_cast<uint32_t>(first + i)))
                    best.offer(scores[i], static_cast<uint32_t>(first + i));
            best.settle();
        }
    }

    const Index& index_;
    BlockScorer scorer_;
    Frontier best_[kBlockQueries];
    std::vector<float> scores_;
};

void Index::sample_users(const float* users, size_t count, size_t number) {
    const std::lock_guard writing(writing_);
    require_changeable();
    if (link_ != Link::moebius)
        refuse("users", "users are of use only to metric ip with link auto or moebius");
    QueryCoder coder(store_.codec(), Metric::ip, 8);
    std::vector<std::byte> codes(coder.bytes());
    try {
        for (size_t i = 0; i < count; ++i)
            coder.encode(users + i * dim(), number + i, codes.data());
    } catch (const Error& error) {
        throw renamed(error, "queries", "users");
    }
    users_.insert(users_.end(), users, users + count * dim());
}

size_t Index::samples() const { return users_.size() / dim() + addition_->samples.size(); }

// Rows of this addition, evenly spaced, as many of them as make up their part of the graph.
void Index::choose_samples() {
    Addition& addition = *addition_;
    if (link_ != Link::moebius) return;
    const size_t all = slots_.count() - aside_.size();
    const size_t share = all == 0 ? 0 : kSamples * addition.in_graph / all;
    const size_t count = std::min(addition.in_graph, share);
    for (size_t i = 0; i < count; ++i)
        addition.samples.push_back(addition.rows[i * addition.in_graph / count]);
}

// Connects the best items of the next samples, a block of them for each thread.
void Index::connect_samples(size_t threads) {
    Addition& addition = *addition_;
    const size_t total = samples();
    const size_t at_once = Lister(*this).queries_at_once();
    const size_t tasks =
        std::min(workers_for(threads, total), (total - addition.sampled + at_once - 1) / at_once);
    std::vector<std::vector<uint32_t>> lists(tasks * at_once);
    const size_t first = addition.sampled, last = std::min(total, first + tasks * at_once);
    parallel_for(tasks, tasks, [&](size_t task, size_t) {
        const size_t from = first + task * at_once, to = std::min(last, from + at_once);
        Lister(*this).list(sample_vectors(from, to).data(), to - from, &lists[task * at_once]);
    });
    const Connector::Alike alike = [&](uint32_t row, std::span<const uint32_t> others,
                                       float* scores) { score_cosines(row, others, scores); };
    if (!addition.connector) addition.connector.emplace(graph_.layers().front());
    for (size_t i = 0; i < last - first; ++i) addition.connector->connect(lists[i], alike);
    addition.sampled = last;
}

// Users first, then rows as they are stored.
std::vector<float> Index::sample_vectors(size_t from, size_t to) const {
    const size_t users = users_.size() / dim();
    std::vector<float> vectors((to - from) * dim());
    RowCoder coder(store_.codec());
    for (size_t i = from; i < to; ++i) {
        float* vector = vectors.data() + (i - from) * dim();
        if (i < users) {
            std::copy_n(users_.data() + i * dim(), dim(), vector);
        } else {
            const uint32_t row = addition_->samples[i - users];
            coder.decode(store_.rows().at(row), store_[row], vector);
        }
    }
    return vectors;
}

// As they rank: the factor that all share is left out.
void Index::score_cosines(uint32_t row, std::span<const uint32_t> others, float* scores) const {
    std::vector<float> vector(dim());
    RowCoder(store_.codec()).decode(store_.rows().at(row), store_[row], vector.data());
    QueryCoder coder(store_.codec(), Metric::ip, 8);
    std::vector<std::byte> codes(coder.bytes());
    const EncodedQuery query = coder.encode(vector.data(), 0, codes.data());
    kernels_.score(query, scored(), others, scores);
    for (size_t i = 0; i < others.size(); ++i) scores[i] /= store_[others[i]].norm;
}

// A row as a query by the measure that rows are linked by.
EncodedQuery Index::link_query(uint32_t row, std::vector<std::byte>& codes) const {
    std::vector<float> vector(dim());
    RowCoder(store_.codec()).decode(store_.rows().at(row), store_[row], vector.data());
    const Metric metric = link_ == Link::automatic ? Metric::l2 : options_.metric;
    QueryCoder coder(store_.codec(), metric, 8);
    codes.resize(coder.bytes());
    EncodedQuery query = coder.encode(vector.data(), 0, codes.data());
    if (link_ == Link::moebius) {
        const float length = store_[row].norm / unit_;
        query.scale /= unit_ * length * length;
        query.bias = 1;
    }
    return query;
}

// Links unreachable rows. Put off while few rows changed, for that takes as long as the graph is large.
void Index::sweep(size_t changed) {
    unswept_ += changed;
    if (!is_sweep_due()) return;
    // One pass is enough, unless a file has damaged the graph; a pass that gains nothing is the last.
    size_t before = SIZE_MAX;
    std::vector<uint32_t> lost = unreachable();
    while (!lost.empty() && lost.size() < before) {
        before = lost.size();
        attach(lost);
        lost = unreachable();
    }
    unswept_ = 0;
}

bool Index::is_sweep_due() const {
    const size_t extent = slots_.extent();
    return unswept_ * kSweepEvery >= extent ||
           extent * graph_.degree() <= kSweptAtOnce + unswept_ * kSweptPerChange;
}

// Gives each of the rows a link from a reachable item. Nothing that was reachable is lost: a link that
// is given up for a row leads on from there.
void Index::attach(std::span<const uint32_t> lost) {
    const std::vector<uint32_t> entries = entry_rows();
    if (entries.empty()) return;
    const GraphView base{graph_.layers().data(), 1, entries.data(), entries.size()};
    Reach reach(base);
    Attacher attacher(graph_.layers().front());
    auto walk = std::make_unique<WalkScratch>();
    std::vector<Key> near;
    for (const uint32_t row : lost) {
        if (reach.holds(row)) continue;
        const uint32_t host = attacher.host();
        if (host != kNone && same(host, row)) {
            attacher.attach_to_host(row);
        } else {
            find_near(row, base, *walk, near);
            // Where removed rows fill the walk.
            if (near.empty() && host != kNone) near.push_back(key_of(0, host));
            if (near.empty())
                for (const uint32_t entry : entries) near.push_back(key_of(0, entry));
            attacher.attach(row, near);
        }
        reach.spread(row);
    }
}

// Reachable items near a row, the best first; none where the walk ends among removed rows.
void Index::find_near(uint32_t row, const GraphView& base, WalkScratch& walk,
                      std::vector<Key>& near) const {
    std::vector<std::byte> codes;
    const EncodedQuery query = link_query(row, codes);
    Gate gate;
    gate.allowed = slots_.shown();
    gate.guides = kNear;
    size_t count = 0;
    near.resize(kNear);
    kernels_.search({.graph = base,
                     .scored = scored_for_links(),
                     .queries = {&query, 1},
                     .width = kNear,
                     .stop = {},
                     .gates = gate.allowed == nullptr ? nullptr : &gate,
                     .scratch = {&walk, 1},
                     .found = near.data(),
                     .found_counts = &count});
    near.resize(count);
}

bool Index::same(uint32_t a, uint32_t b) const {
    const Rows rows = store_.rows();
    return std::memcmp(rows.at(a), rows.at(b), rows.row_bytes) == 0 &&
           store_[a].scale == store_[b].scale;
}

}  // namespace vecq
