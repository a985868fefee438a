// Measures the upper bounds that the machine sets for searches, see vecq_internal.h.
#include <algorithm>
#include <chrono>
#include <numeric>
#include <vector>

#include "abi/arguments.hpp"
#include "abi/fence.hpp"
#include "base/memory.hpp"
#include "base/rng.hpp"
#include "engine/engine.hpp"
#include "graph/layer.hpp"
#include "vecq_internal.h"

using namespace vecq;

namespace {

constexpr size_t kReads = 1 << 19;
constexpr size_t kSteps = 1 << 17;
constexpr int kRounds = 5;

// Returns calls per second, the best of several rounds.
template <class Body>
double rate_of(size_t calls, Body&& body) {
    using Clock = std::chrono::steady_clock;
    double best = 0;
    for (int round = 0; round < kRounds; ++round) {
        const auto start = Clock::now();
        body();
        const std::chrono::duration<double> spent = Clock::now() - start;
        best = std::max(best, static_cast<double>(calls) / spent.count());
    }
    return best;
}

double multiply_add_rate(const Probes& probes, Width width) {
    constexpr size_t rounds = 1 << 16;
    const Memory line(kLine);
    const auto multiply_adds = probes.block_multiply_adds[static_cast<size_t>(width)];
    const uint64_t each = multiply_adds(1, line.as<void>());
    return rate_of(rounds * each, [&] { multiply_adds(rounds, line.as<void>()); });
}

std::vector<uint32_t> random_ids(size_t count, size_t below) {
    Random random(1);
    std::vector<uint32_t> ids(count);
    for (uint32_t& id : ids) id = static_cast<uint32_t>(random.below(below));
    return ids;
}

// Returns seconds per step along a random cycle, in which each line holds the number of the next.
double latency_of(const Memory& memory, size_t lines) {
    std::vector<uint32_t> order(lines);
    std::iota(order.begin(), order.end(), 0);
    Random random(2);
    for (size_t i = lines - 1; i > 0; --i) std::swap(order[i], order[random.below(i + 1)]);
    auto* next = memory.as<uint32_t>();
    constexpr size_t stride = kLine / sizeof *next;
    for (size_t i = 0; i < lines; ++i) next[order[i] * stride] = order[(i + 1) % lines];
    volatile uint32_t at = 0;
    return 1 / rate_of(kSteps, [&] {
               uint32_t line = at;
               for (size_t i = 0; i < kSteps; ++i) line = next[line * stride];
               at = line;
           });
}

vecq_machine_limits measure_machine_limits(Width width, size_t dim, size_t count) {
    const Engine& engine = active_engine();
    const size_t bytes = row_bytes(width, dim);
    const Memory memory(bytes * count);
    const Rows rows{memory.as<std::byte>(), bytes, count};
    const std::vector<uint32_t> ids = random_ids(kReads, count);
    const std::vector<uint32_t> few = random_ids(kReads, std::min<size_t>(count, 16));
    std::vector<uint32_t> dots(kReads);
    const Memory codes(padded_codes(width, dim) * query_code_bytes(width));
    const Query query{codes.as<void>(), 0};
    vecq_machine_limits limits{};
    const Probes& probes = engine.probes;
    limits.random_rows_per_second =
        rate_of(kReads, [&] { probes.read_rows(rows, ids.data(), kReads); });
    limits.cached_rows_per_second =
        rate_of(kReads, [&] { probes.read_rows(rows, few.data(), kReads); });
    limits.scored_rows_per_second = rate_of(
        kReads, [&] { engine[width].dot_rows(query, rows, few.data(), kReads, dots.data()); });
    limits.multiply_adds_per_second = multiply_add_rate(probes, width);
    limits.latency_seconds = latency_of(memory, bytes * count / kLine);
    return limits;
}

}  // namespace

vecq_status vecq_measure_machine_limits(int32_t width, size_t dim, size_t count,
                                        vecq_machine_limits* limits, vecq_error* error) {
    return fenced(error, [&] {
        const Width width_of_rows = checked_width(width);
        check_dim(dim);
        checked_range(count, 1, kMaxRows, "count");
        checked_struct_size(limits, "limits");
        write_struct(limits, measure_machine_limits(width_of_rows, dim, count), "limits");
    });
}
