// The visited set of a walk agrees with std::set, however it is cleared.
#include <cstdint>
#include <ctime>
#include <numeric>
#include <set>
#include <vector>

#include "base/rng.hpp"
#include "check.hpp"
#include "graph/visited.hpp"

using vecq::kNone;
using vecq::Random;
using vecq::Visited;

namespace {

using Nodes = std::vector<uint32_t>;

// A visited set and a std::set that must agree.
class Pair {
public:
    void begin(size_t count) {
        visited_.begin(count);
        seen_.clear();
        count_ = count;
    }
    void filter(const Nodes& links) {
        const size_t before = visited_.size(), found = visited_.add(links.data(), links.size());
        Nodes expected;
        for (const uint32_t node : links)
            if (node < count_ && seen_.insert(node).second) expected.push_back(node);
        const uint32_t* log = visited_.log();
        CHECK(Nodes(log + before, log + visited_.size()) == expected, count_, links.size(), found,
              expected.size());
    }
    // Takes nodes out of the log; they stay visited.
    void set_aside(size_t count) {
        const Nodes before(visited_.log(), visited_.log() + visited_.size());
        visited_.set_aside(count);
        CHECK(Nodes(visited_.log(), visited_.log() + visited_.size()) ==
                  Nodes(before.begin(), before.end() - static_cast<ptrdiff_t>(count)),
              count_, count);
    }
    size_t logged() const { return visited_.size(); }
    size_t seen() const { return seen_.size(); }

private:
    Visited visited_;
    std::set<uint32_t> seen_;
    size_t count_ = 0;
};

// Random links: many repeat, some are out of range.
Nodes random_links(Random& random, size_t length, size_t count) {
    const uint32_t strange[] = {kNone,
                                kNone - 1,
                                1U << 31,
                                (1U << 31) - 1,
                                static_cast<uint32_t>(count),
                                static_cast<uint32_t>(count + 1),
                                static_cast<uint32_t>(count + 64)};
    Nodes links(length);
    for (uint32_t& link : links)
        link = random.below(8) == 0 ? strange[random.below(std::size(strange))]
                                    : static_cast<uint32_t>(random.below(count));
    return links;
}

Nodes range(uint32_t from, uint32_t to) {
    Nodes nodes(to - from);
    std::iota(nodes.begin(), nodes.end(), from);
    return nodes;
}

// More words than the minimum log length, so that a few thousand marks overflow the log.
constexpr uint32_t kMany = 300'000, kLog = kMany / 64 + 1;

}  // namespace

TEST(visited_agrees_with_a_set) {
    Random random(1);
    Pair pair;
    for (const size_t count :
         {size_t{1}, size_t{2}, size_t{63}, size_t{64}, size_t{65}, vecq::kMaxRows, size_t{1000},
          size_t{64}, Visited::kMaxBits + 1, size_t{300'000}, size_t{1}})
        for (int round = 0; round < 5; ++round) {
            pair.begin(count);
            for (int list = 0; list < 60; ++list)
                pair.filter(random_links(random, random.below(200), count));
        }
}

TEST(visited_detects_repeats_within_a_list) {
    Pair pair;
    pair.begin(10);
    pair.filter({3, 3, kNone, 3, 9, 10, 0, 9, 0, kNone});
    pair.filter({0, 1, 3, 9});
    CHECK(pair.seen() == 4, pair.seen());
    pair.filter({});
}

TEST(visited_counts_out_of_range_ids_as_visited) {
    Pair pair;
    for (const size_t count :
         {size_t{1}, size_t{63}, size_t{64}, size_t{65}, size_t{128}, vecq::kMaxRows}) {
        pair.begin(count);
        pair.filter(
            {static_cast<uint32_t>(count), static_cast<uint32_t>(count) + 1, kNone - 1, kNone});
        if (count <= 128) pair.filter({1U << 31});
        CHECK(pair.seen() == 0, count);
        pair.begin(count);  // clearing does not unmark them
        pair.filter({static_cast<uint32_t>(count), kNone});
        pair.filter({static_cast<uint32_t>(count - 1), static_cast<uint32_t>(count)});
        CHECK(pair.seen() == 1, count);
    }
}

TEST(visited_clears_after_a_log_overflow) {
    Pair pair;
    for (const uint32_t beyond : {0U, 1U, 600U, kMany - kLog}) {
        pair.begin(kMany);
        uint32_t next = 0;
        for (; next < kLog + beyond; next += 500)
            pair.filter(range(next, std::min(next + 500, kLog + beyond)));
        CHECK(pair.seen() == kLog + beyond, pair.seen());
        pair.filter(range(0, kLog + beyond));  // all repeat
        pair.begin(kMany);
        pair.filter(range(0, kMany));
        CHECK(pair.seen() == kMany, beyond, pair.seen());
    }
}

// An overflow drops a list from the log; shorter lists after it must not be logged alone.
TEST(visited_clears_marks_made_after_a_log_overflow) {
    Pair pair;
    pair.begin(kMany);
    pair.filter(range(0, kLog - 1));
    pair.filter({kLog + 1, kLog + 500});
    pair.filter({kMany - 1});
    pair.begin(kMany);
    pair.filter({kLog + 1, kLog + 500, kMany - 1, kMany, 0, kLog - 2});
    CHECK(pair.seen() == 5, pair.seen());
}

TEST(visited_restarts_with_another_count) {
    Pair pair;
    for (const uint32_t count : {100U, kMany, 101U, 100U, 6400U, 6401U, 1U}) {
        pair.begin(count);
        for (uint32_t from = 0; from < count; from += 400)
            pair.filter(range(from, std::min(from + 400, count + 1)));
        CHECK(pair.seen() == count, count, pair.seen());
    }
}

// Out-of-range ids count as visited while the count shrinks and grows, which moves their mark.
TEST(visited_agrees_with_a_set_while_counts_change) {
    for (uint64_t seed = 0; seed < 20; ++seed) {
        Random random(seed);
        Pair pair;
        uint32_t largest = 1;
        for (int round = 0; round < 200; ++round) {
            const size_t counts[] = {1 + random.below(70), 64 * (1 + random.below(3)),
                                     1 + random.below(largest), largest + random.below(100),
                                     1 + random.below(kMany)};
            const size_t count = counts[random.below(round % 20 == 0 ? 5 : 4)];
            largest = std::max(largest, static_cast<uint32_t>(count));
            pair.begin(count);
            for (uint64_t list = random.below(6); list > 0; --list) {
                pair.filter(random_links(random, random.below(200), count));
                pair.filter(random_links(random, random.below(50), largest));
            }
            if (random.below(10) > 0) continue;  // the other rounds overflow the log
            for (uint32_t from = 0; from < std::min<size_t>(count, 9000); from += 450)
                pair.filter(range(from, from + 450));
        }
    }
}

TEST(visited_keeps_marks_of_nodes_set_aside) {
    Random random(7);
    Pair pair;
    for (const size_t count :
         {size_t{70}, size_t{1000}, size_t{300'000}, vecq::kMaxRows, size_t{70}})
        for (int round = 0; round < 20; ++round) {
            pair.begin(count);
            for (int list = 0; list < 30; ++list) {
                pair.filter(random_links(random, random.below(100), count));
                pair.set_aside(random.below(pair.logged() + 1));
            }
        }
}

// Zeroing all marks at each change of the count would take ten seconds or more.
TEST(visited_restarts_without_cost_if_only_the_count_changes) {
    Visited visited;
    const std::clock_t start = std::clock();
    size_t seen = 0;
    for (uint32_t i = 0; i < 100'000; ++i) {
        visited.begin(64);
        const uint32_t small[] = {i % 64, 64};
        seen += visited.add(small, 2);
        visited.begin(50'000'000 + i);
        const uint32_t large[] = {49'999'999, 64, 50'000'000 + i};
        seen += visited.add(large, 3);
        if (i % 8 != 0) continue;
        visited.begin(4'000'000'000U + i);
        const uint32_t largest[] = {3'999'999'999, 64, 4'000'000'000U + i};
        seen += visited.add(largest, 3);
    }
    CHECK(seen == 325'000, seen);
    const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
#if defined(VECQ_EMULATED)
    constexpr double most = 20;
#else
    constexpr double most = 2;
#endif
    CHECK(seconds < most, seconds);
}
