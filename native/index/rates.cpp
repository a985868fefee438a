#include "index/rates.hpp"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <vector>

#include "base/memory.hpp"
#include "base/rng.hpp"
#include "engine/engine.hpp"

namespace vecq {
namespace {

constexpr size_t kReads = 1 << 19;
constexpr size_t kSteps = 1 << 17;
constexpr int kRounds = 5;

// Calls per second; the best of some rounds.
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

double peak_of(const Kernels& kernels) {
    constexpr size_t rounds = 1 << 16;
    const Memory line(kLine);
    const uint64_t each = kernels.block_multiply_adds(1, line.as<void>());
    return rate_of(rounds * each, [&] { kernels.block_multiply_adds(rounds, line.as<void>()); });
}

std::vector<uint32_t> random_ids(size_t count, size_t below) {
    Random random(1);
    std::vector<uint32_t> ids(count);
    for (uint32_t& id : ids) id = static_cast<uint32_t>(random.below(below));
    return ids;
}

// From each line to the next of a random cycle through all.
double time_of_step(const Memory& memory, size_t lines) {
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

}  // namespace

Rates measure_rates(Width width, size_t dim, size_t count) {
    const Engine& engine = active_engine();
    const size_t bytes = row_bytes(width, dim);
    const Memory memory(bytes * count);
    const Rows rows{memory.as<std::byte>(), bytes, count};
    const std::vector<uint32_t> ids = random_ids(kReads, count);
    const std::vector<uint32_t> few = random_ids(kReads, std::min<size_t>(count, 16));
    std::vector<uint32_t> dots(kReads);
    const Memory codes(padded_codes(width, dim) * query_code_bytes(width));
    const Query query{codes.as<void>(), 0};
    Rates rates{};
    rates.read = rate_of(kReads, [&] { engine.read_rows(rows, ids.data(), kReads); });
    rates.cached = rate_of(kReads, [&] { engine.read_rows(rows, few.data(), kReads); });
    rates.scored = rate_of(
        kReads, [&] { engine[width].dot_rows(query, rows, few.data(), kReads, dots.data()); });
    rates.peak = peak_of(engine[width]);
    rates.latency = time_of_step(memory, bytes * count / kLine);
    return rates;
}

}  // namespace vecq
