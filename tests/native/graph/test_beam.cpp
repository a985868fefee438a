// Keys order by score, then by node, with and without marks; a beam keeps the best keys like a
// sorted map.
#include <algorithm>
#include <bit>
#include <cfloat>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "base/rng.hpp"
#include "check.hpp"
#include "graph/layer.hpp"
#include "graph/beam.hpp"

using vecq::Beam;
using vecq::Key;
using vecq::key_of;
using vecq::kNone;
using vecq::MarkedKeys;
using vecq::node_of;
using vecq::Random;
using vecq::score_of;

namespace {

// Of keys with whole scores, and of all.
constexpr size_t kExact = MarkedKeys::kMaxExactNodes, kMost = vecq::kMaxRows;
constexpr uint32_t kLastNode = vecq::kMaxRows - 1;
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kTiny = std::numeric_limits<float>::denorm_min();
constexpr uint32_t kNodes[] = {0,          1,      2,          1U << 30,      kExact - 2,
                               kExact - 1, kExact, kExact + 1, kLastNode - 1, kLastNode};

// Scores in falling order. 0 and -0 are distinct here; within a query they do not mix.
const std::vector<float>& falling() {
    static const std::vector<float> scores = {kInfinity, FLT_MAX,
                                              1e10F,     std::nextafter(1.0F, 2.0F),
                                              1,         0.5F,
                                              FLT_MIN,   FLT_MIN - kTiny,
                                              kTiny,     0.0F,
                                              -0.0F,     -kTiny,
                                              -FLT_MIN,  kTiny - FLT_MIN,
                                              -0.5F,     -1,
                                              -1e10F,    -FLT_MAX,
                                              -kInfinity};
    static const std::vector<float> sorted = [] {
        std::vector<float> all = scores;
        std::stable_sort(all.begin(), all.end(), std::greater<>());
        return all;
    }();
    return sorted;
}

float random_score(Random& random) {
    for (;;) {
        const auto score = std::bit_cast<float>(static_cast<uint32_t>(random.next()));
        if (!std::isnan(score)) return score;
    }
}

bool same_bits(float a, float b) {
    return std::bit_cast<uint32_t>(a) == std::bit_cast<uint32_t>(b);
}

struct Offer {
    float score;
    uint32_t node;
    bool operator<(const Offer& other) const {
        return score != other.score ? score > other.score : node < other.node;
    }
    bool operator==(const Offer&) const = default;
};

// A beam over a sorted map.
class Model {
public:
    Model(size_t width, size_t nodes) : width_(width), marked_(nodes) {}

    void offer(Offer offer) {
        offer.score = marked_.score_of(marked_.key_of(offer.score, 0));
        kept_[offer] = false;
        if (kept_.size() > width_) kept_.erase(std::prev(kept_.end()));
    }
    uint32_t expand() {
        for (auto& [offer, expanded] : kept_)
            if (!std::exchange(expanded, true)) return offer.node;
        return kNone;
    }
    float worst() const { return kept_.size() < width_ ? -kInfinity : kept_.rbegin()->first.score; }
    bool is(const Beam& beam) const {
        size_t at = 0;
        return kept_.size() == beam.size() && std::ranges::all_of(kept_, [&](const auto& own) {
                   const Offer found{beam.score(at), beam.node(at)};
                   ++at;
                   return own.first == found;
               });
    }
    bool is(std::span<const Key> keys) const {
        return std::equal(kept_.begin(), kept_.end(), keys.begin(), keys.end(),
                          [](const auto& own, Key key) {
                              return own.first == Offer{score_of(key), node_of(key)};
                          });
    }

private:
    size_t width_;
    MarkedKeys marked_;
    std::map<Offer, bool> kept_;
};

// Expands the best node that is not expanded yet and returns it, or kNone.
uint32_t expand_next(Beam& beam) {
    if (!beam.has_next()) return kNone;
    const float score = beam.next_score();
    const uint32_t node = beam.expand();
    for (size_t i = 0; i < beam.size(); ++i)
        if (beam.node(i) == node) CHECK(beam.score(i) == score, node, score);
    return node;
}

// A bijection, so that nodes differ.
uint32_t scattered(uint32_t i, size_t nodes) {
    return i * 2654435761U & static_cast<uint32_t>(std::bit_ceil(nodes) - 1);
}

// Scores that differ in their last bit as well as in others.
float score_number(uint64_t number) {
    return std::bit_cast<float>(std::bit_cast<uint32_t>(-5.0F) - 10 +
                                static_cast<uint32_t>(number));
}

// Offers nodes with few different scores, expands some in between, then expands all.
void play(Beam& beam, size_t width, size_t nodes, uint64_t scores, uint64_t seed) {
    Random random(seed);
    Model model(width, nodes);
    std::set<uint32_t> expanded;
    const auto expand = [&] {
        const uint32_t node = expand_next(beam), expected = model.expand();
        CHECK(node == expected, width, seed, node, expected);
        if (node != kNone) CHECK(expanded.insert(node).second, width, seed, node);
        return node;
    };
    beam.begin(width, nodes);
    CHECK(beam.worst() == -kInfinity && beam.size() == 0 && expand_next(beam) == kNone);
    size_t offers = 0;
    for (uint32_t i = 0; i < 3000; ++i) {
        const Offer offer{score_number(random.below(scores)), scattered(i, nodes)};
        beam.offer(offer.score, offer.node);
        model.offer(offer);
        // Merges after a few offers, or when no more fit.
        if (++offers < Beam::kMaxOffers && random.below(60) > i % 60) continue;
        beam.merge_offers();
        offers = 0;
        CHECK(beam.worst() == model.worst(), width, seed, i);
        if (i < 100 || i % 50 == 0) CHECK(model.is(beam), width, seed, i);
        if (random.below(3) == 0) expand();
    }
    beam.merge_offers();
    while (expand() != kNone) {}
    CHECK(expand_next(beam) == kNone && model.is(beam), width, seed);
    CHECK(model.is(beam.plain_keys()), width, seed);
}

}  // namespace

TEST(key_preserves_score_and_node) {
    Random random(1);
    std::vector<float> scores = falling();
    for (int i = 0; i < 1000; ++i) scores.push_back(random_score(random));
    for (const float score : scores)
        for (const uint32_t node : kNodes) {
            const Key key = key_of(score, node);
            CHECK(node_of(key) == node, score, node);
            CHECK(same_bits(score_of(key), score), score, node);
            const MarkedKeys marked(node < kExact ? kExact : kMost);
            const Key unmarked = marked.key_of(score, node);
            CHECK((unmarked & MarkedKeys::kMark) == 0, score, node);
            for (const Key one : {unmarked, unmarked | MarkedKeys::kMark}) {
                CHECK(marked.node_of(one) == node, score, node);
                CHECK(node_of(marked.plain(one)) == node, score, node);
                CHECK(same_bits(score_of(marked.plain(one)), marked.score_of(one)), score, node);
            }
            if (node < kExact) CHECK(same_bits(marked.score_of(unmarked), score), score, node);
        }
}

TEST(marked_keys_of_large_graphs_round_scores_down) {
    const MarkedKeys marked(kMost);
    Random random(3);
    std::vector<float> scores = falling();
    for (int i = 0; i < 1000; ++i) scores.push_back(random_score(random));
    for (const float score : scores) {
        if (score == -kInfinity) continue;  // no score is: they are at least the lowest float
        const float read = marked.score_of(marked.key_of(score, kLastNode));
        const bool is_rounded = same_bits(read, std::nextafter(score, -kInfinity)) ||
                                (score == 0 && same_bits(read, -kTiny));
        CHECK(same_bits(read, score) || is_rounded, score, read);
        CHECK(same_bits(marked.score_of(marked.key_of(read, 0)), read), score, read);
    }
    for (const float score : {kInfinity, 0.0F, -FLT_MAX})
        CHECK(marked.score_of(marked.key_of(score, 0)) == score, score);
}

TEST(marked_keys_order_as_plain_ones) {
    Random random(4);
    const MarkedKeys exact(kExact), large(kMost);
    for (int i = 0; i < 100000; ++i) {
        const float a = random_score(random);
        const auto bits = std::bit_cast<uint32_t>(a) + static_cast<uint32_t>(random.below(4));
        const float b = random.below(2) == 0 ? random_score(random) : std::bit_cast<float>(bits);
        if (std::isnan(b)) continue;
        const auto m = static_cast<uint32_t>(random.below(kMost));
        const uint32_t n = random.below(2) == 0 ? static_cast<uint32_t>(random.below(kMost))
                                                : kNodes[random.below(std::size(kNodes))];
        for (const MarkedKeys& marked : {exact, large}) {
            const uint32_t most = marked.dropped() != 0 ? UINT32_MAX : kExact - 1;
            const Key first = marked.key_of(a, m & most), second = marked.key_of(b, n & most);
            CHECK((first < second) == (marked.plain(first) < marked.plain(second)), a, b, m, n);
        }
    }
}

TEST(key_orders_by_score_then_node) {
    const std::vector<float>& scores = falling();
    for (size_t i = 0; i < scores.size(); ++i)
        for (size_t a = 0; a < std::size(kNodes); ++a)
            for (size_t b = 0; b < std::size(kNodes); ++b) {
                const Key key = key_of(scores[i], kNodes[a]);
                if (a < b) CHECK(key < key_of(scores[i], kNodes[b]), scores[i], a, b);
                if (i + 1 < scores.size())
                    CHECK(key < key_of(scores[i + 1], kNodes[b]), scores[i], scores[i + 1], a, b);
            }
    Random random(2);
    for (int i = 0; i < 100000; ++i) {
        const float a = random_score(random), b = random_score(random);
        if (a > b) CHECK(key_of(a, kLastNode) < key_of(b, 0), a, b);
    }
}

TEST(beam_keeps_the_best) {
    Beam beam;  // reused for all widths, like the beam of a walk
    for (const size_t width : {7, 1000, 1, 64, 2, 1000, 7}) {
        for (const size_t nodes : {kExact, kMost}) {
            play(beam, width, nodes, 20, width);
            play(beam, width, nodes, 1, width + 1);
            play(beam, width, nodes, uint64_t{1} << 20, width + 2);
        }
    }
}

TEST(beam_accepts_infinite_scores) {
    Beam beam;
    constexpr uint32_t last = kExact - 1;
    beam.begin(3, kExact);
    beam.offer(-kInfinity, 5);
    beam.offer(-FLT_MAX, last);
    beam.offer(kInfinity, 0);
    beam.merge_offers();
    CHECK(beam.worst() == -kInfinity);
    beam.offer(-kInfinity, 4);  // an equal score, but a lower node
    beam.merge_offers();
    CHECK(beam.node(2) == 4);
    CHECK(expand_next(beam) == 0 && expand_next(beam) == last && expand_next(beam) == 4);
    CHECK(expand_next(beam) == kNone);
    beam.begin(2, kMost);
    beam.offer(-FLT_MAX, kLastNode);
    beam.offer(kInfinity, kLastNode - 1);
    beam.merge_offers();
    CHECK(beam.worst() == -FLT_MAX && beam.score(0) == kInfinity);
    CHECK(expand_next(beam) == kLastNode - 1 && expand_next(beam) == kLastNode);
}

TEST(beam_expands_later_offers_that_are_better) {
    Beam beam;
    beam.begin(2, kMost);
    beam.offer(1, 10);
    beam.merge_offers();
    CHECK(expand_next(beam) == 10 && expand_next(beam) == kNone);
    beam.offer(1, 9);
    beam.offer(2, 11);
    beam.merge_offers();
    CHECK(beam.worst() == 1 && beam.size() == 2);
    CHECK(expand_next(beam) == 11 && expand_next(beam) == 9 && expand_next(beam) == kNone);
    beam.offer(1, 12);  // not better than the scores kept
    beam.merge_offers();
    CHECK(expand_next(beam) == kNone);
}

// A narrow beam that widens holds what a wide one holds, and knows what it expanded.
TEST(beam_takes_dropped_candidates_back) {
    for (uint64_t seed = 0; seed < 200; ++seed) {
        Random random(seed);
        const size_t nodes = seed % 2 == 0 ? kExact : kMost;
        const size_t narrow = 1 + random.below(20), wide = narrow + 1 + random.below(60);
        const auto count = static_cast<uint32_t>(random.below(200));
        Beam beam, expected;
        beam.begin(narrow, nodes);
        expected.begin(wide, nodes);
        std::vector<uint32_t> ids;
        std::vector<float> scores;
        std::set<uint32_t> expanded;
        for (uint32_t i = 0; i < count; ++i) {
            ids.push_back(scattered(i, nodes));
            scores.push_back(score_number(random.below(40)));
            beam.offer(scores[i], ids[i]);
            beam.merge_offers();
            expected.offer(scores[i], ids[i]);
            expected.merge_offers();
            if (random.below(4) == 0) expanded.insert(expand_next(beam));
        }
        const float bound = beam.worst();
        beam.widen(wide, bound, ids, scores.data(), [](uint32_t) { return true; });
        CHECK(beam.worst() == expected.worst(), seed);
        CHECK(std::ranges::equal(beam.plain_keys(), expected.plain_keys()), seed);
        for (size_t i = 0; i < beam.size(); ++i)
            if (beam.score(i) > bound && !expanded.contains(beam.node(i)))
                CHECK(expanded.insert(beam.node(i)).second, seed);
        size_t left = 0;
        for (uint32_t node = expand_next(beam); node != kNone; node = expand_next(beam)) ++left;
        CHECK(left >= beam.size() - std::min(beam.size(), expanded.size()), seed);
    }
}

// The nodes that a widened beam takes back are chosen by the caller.
TEST(beam_takes_back_only_what_it_can_hold) {
    Beam beam;
    beam.begin(2, kExact);
    const std::vector<uint32_t> ids = {0, 1, 2, 3, 4, 5};
    const std::vector<float> scores = {9, 8, 7, 6, 5, 4};
    for (size_t i = 0; i < 2; ++i) beam.offer(scores[i], ids[i]);
    beam.merge_offers();
    CHECK(expand_next(beam) == 0 && expand_next(beam) == 1);
    beam.widen(4, beam.worst(), ids, scores.data(), [](uint32_t node) { return node % 2 == 1; });
    CHECK(beam.size() == 4 && beam.worst() == 4);
    // A candidate at the bound counts as lost, so it is expanded once more.
    CHECK(expand_next(beam) == 1 && expand_next(beam) == 3 && expand_next(beam) == 5);
    CHECK(expand_next(beam) == kNone);
}

// Links of a damaged file may repeat nodes.
TEST(beam_accepts_repeated_nodes) {
    Beam beam;
    beam.begin(5, kMost);
    for (uint32_t i = 0; i < Beam::kMaxOffers; ++i) beam.offer(static_cast<float>(i % 3), i % 3);
    beam.merge_offers();
    CHECK(beam.size() == 5 && beam.worst() == 2);
    for (const Key key : beam.plain_keys()) CHECK(node_of(key) == 2);
}
