// Dot products per second of every kernel that this machine can run, and their bounds on this core:
// the multiply-add rate on registers, and the rate of reading the same rows. Rates are medians of
// several rounds, each of which visits all cases in a new random order.
//
// usage: bench_kernels [ROUNDS [MIB]]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "engine/engine.hpp"

using namespace vecq;

namespace {

constexpr size_t kDims[] = {64, 100, 128, 256, 384, 768, 1536};
constexpr Width kAllWidths[] = {Width::fp32, Width::fp16, Width::int16, Width::int8};
constexpr const char* kWidthNames[] = {"fp32", "fp16", "int16", "int8"};
constexpr double kSeconds = 0.01;

// Repeats `work`, which returns its number of operations, for at least kSeconds; returns its rate.
double rate(const std::function<double()>& work) {
    using Clock = std::chrono::steady_clock;
    double done = 0, seconds = 0;
    const auto start = Clock::now();
    do {
        done += work();
        seconds = std::chrono::duration<double>(Clock::now() - start).count();
    } while (seconds < kSeconds);
    return done / seconds;
}

struct Data {
    explicit Data(size_t bytes) : rows(bytes), dots(1024 * kBlockQueries * 4), packed(1 << 20) {
        // 60 as int8, 15420 as int16, about 1 as fp16 and 0.01 as fp32: nothing is subnormal.
        std::memset(rows.as<void>(), 0x3c, bytes);
    }
    Memory rows, dots, packed;
    alignas(kLine) std::byte query[8192] = {};
    int32_t sums[kBlockQueries] = {};
};

// The rates of all rounds; converts to their median.
class Rate {
public:
    void add(double measured) { rounds_.push_back(measured); }
    operator double() const { return quantile(0.5); }
    double spread() const { return (quantile(1) - quantile(0)) / quantile(0.5); }

private:
    double quantile(double share) const {
        std::vector<double> sorted = rounds_;
        std::sort(sorted.begin(), sorted.end());
        const double place = share * static_cast<double>(sorted.size() - 1);
        const auto below = static_cast<size_t>(place);
        const size_t above = std::min(below + 1, sorted.size() - 1);
        return sorted[below] +
               (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
    }
    std::vector<double> rounds_;
};

struct Case {
    const Engine* engine;
    Width width;
    size_t dim;
    Rate peak{}, in_cache{}, gathered{}, read{}, block_peak{}, block{};

    double of_peak(double dots_per_second) const { return dots_per_second * dim / peak; }
    double spread() const {
        return std::max({peak.spread(), in_cache.spread(), gathered.spread(), read.spread(),
                         block_peak.spread(), block.spread()});
    }
};

// Returns enough ids that their rows exceed every cache.
std::vector<uint32_t> random_ids(size_t rows) {
    std::minstd_rand random(1);
    std::vector<uint32_t> ids(4 << 20);
    for (uint32_t& id : ids) id = static_cast<uint32_t>(uint64_t{random()} * rows >> 31);
    return ids;
}

void measure_registers(Case& c, Data& data) {
    const Probes& probes = c.engine->probes;
    const auto width = static_cast<size_t>(c.width);
    const void* line = data.query;
    c.peak.add(rate([&] { return double(probes.multiply_adds[width](10'000, line)); }));
    c.block_peak.add(rate([&] { return double(probes.block_multiply_adds[width](10'000, line)); }));
}

void measure_rows(Case& c, Data& data, size_t& offset) {
    const Kernels& kernels = (*c.engine)[c.width];
    const size_t bytes = row_bytes(c.width, c.dim), count = data.rows.bytes() / bytes;
    const Rows rows{data.rows.as<std::byte>(), bytes, count};
    const Query query{data.query, 0};
    void* dots = data.dots.as<void>();
    uint32_t first[16];
    for (uint32_t i = 0; i < 16; ++i) first[i] = i;
    c.in_cache.add(rate([&] {
        for (int i = 0; i < 100; ++i) kernels.dot_rows(query, rows, first, 16, dots);
        return 1600.0;
    }));

    // Fresh rows on every call: a window that moves through the random ids.
    const std::vector<uint32_t> ids = random_ids(count);
    constexpr size_t window = 1024;
    const auto next = [&] { return ids.data() + (offset += window) % (ids.size() - window); };
    c.gathered.add(rate([&] {
        kernels.dot_rows(query, rows, next(), window, dots);
        return double(window);
    }));
    c.read.add(rate([&] {
        const uint32_t seen = c.engine->probes.read_rows(rows, next(), window);
        data.sums[0] += static_cast<int32_t>(seen & 1);
        return double(window);
    }));
}

void measure_block(Case& c, Data& data) {
    const Kernels& kernels = (*c.engine)[c.width];
    Query queries[kBlockQueries];
    std::fill_n(queries, kBlockQueries, Query{data.query, 0});
    kernels.pack_block(queries, kBlockQueries, c.dim, data.packed.as<void>());
    const size_t count = std::clamp<size_t>((256 << 10) / row_bytes(c.width, c.dim), 64, 1024);
    const Rows rows{data.rows.as<std::byte>(), row_bytes(c.width, c.dim), count};
    c.block.add(rate([&] {
        kernels.dot_block({data.packed.as<void>(), data.sums, c.dim}, rows, data.dots.as<void>());
        return double(count * kBlockQueries);
    }));
}

void print_table(const std::vector<Case>& cases) {
    std::printf(
        "Million dot products per second on one core, medians. In cache: 16 rows. Gathered: "
        "random\n"
        "rows, prefetched; of read: relative to reading the same rows. Block: 32 queries x\n"
        "cache-resident rows. Percentages are relative to the multiply-adds per second of the "
        "same\n"
        "instructions on registers (peak, 10^12). Spread: the widest range of a row's rates,\n"
        "relative to the median.\n\n"
        "%-12s %-6s %5s | %6s | %8s %5s | %8s %7s | %8s %6s %5s | %6s\n",
        "isa", "width", "dim", "peak", "in cache", "", "gathered", "of read", "block", "peak", "",
        "spread");
    for (const Case& c : cases)
        std::printf("%-12s %-6s %5zu | %6.3f | %8.2f %4.0f%% | %8.2f %6.0f%% | %8.1f %6.3f %4.0f%% "
                    "| %5.0f%%\n",
                    c.engine->name, kWidthNames[size_t(c.width)], c.dim, c.peak / 1e12,
                    c.in_cache / 1e6, 100 * c.of_peak(c.in_cache), c.gathered / 1e6,
                    100 * c.gathered / c.read, c.block / 1e6, c.block_peak / 1e12,
                    100 * c.block * c.dim / c.block_peak, 100 * c.spread());
}

const Case* find(const std::vector<Case>& cases, const std::string& isa, Width width, size_t dim) {
    for (const Case& c : cases)
        if (isa == c.engine->name && c.width == width && c.dim == dim) return &c;
    return nullptr;
}

void print_target(const char* what, size_t dim, double reached, double target) {
    std::printf("%-58s dim %5zu: %5.2f, target %4.2f%s\n", what, dim, reached, target,
                reached < target ? "  missed" : "  met");
}

// Targets of the kernels.
void print_targets(const std::vector<Case>& cases) {
    std::printf("\n");
    for (size_t dim : kDims) {
        const Case* int8 = find(cases, "avx512_vnni", Width::int8, dim);
        const Case* fp32 = find(cases, "avx512", Width::fp32, dim);
        if (int8 == nullptr || fp32 == nullptr) continue;
        const bool small = dim == 128, large = dim >= 768;
        if (!small && !large) continue;
        print_target("in cache: int8 avx512_vnni over fp32 avx512", dim,
                     int8->in_cache / fp32->in_cache, small ? 1.7 : 2.8);
        if (small || dim == 1536)
            print_target("in cache: int8 avx512_vnni of its peak", dim,
                         int8->of_peak(int8->in_cache), small ? 0.25 : 0.6);
        print_target("gathered: int8 avx512_vnni over fp32 avx512", dim,
                     int8->gathered / fp32->gathered, small ? 2.5 : 3.3);
        print_target("gathered: int8 avx512_vnni of reading", dim, int8->gathered / int8->read,
                     0.8);
    }
    for (size_t dim : {128, 768})
        if (const Case* amx = find(cases, "amx_int8", Width::int8, dim))
            print_target("block: int8 amx_int8 of its peak", dim,
                         amx->block * dim / amx->block_peak, dim == 128 ? 0.5 : 0.7);
}

}  // namespace

int main(int argc, char** argv) {
    const int rounds = argc > 1 ? std::atoi(argv[1]) : 5;
    const size_t mib = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1024;
    if (rounds < 1 || mib < 16) {
        std::fprintf(stderr, "usage: bench_kernels [ROUNDS >= 1 [MIB >= 16]]\n");
        return 2;
    }
    Data data(mib << 20);
    std::vector<Case> cases;
    for (const Engine* engine : engines()) {
        if (const char* reason = engine->missing()) {
            std::printf("not measured: %s, %s\n", engine->name, reason);
            continue;
        }
        for (Width width : kAllWidths)
            for (size_t dim : kDims) cases.push_back({engine, width, dim});
    }
    size_t offset = 0;
    std::minstd_rand random(2);
    std::vector<size_t> order(cases.size());
    std::iota(order.begin(), order.end(), size_t{0});
    for (int round = 0; round < rounds; ++round) {
        std::shuffle(order.begin(), order.end(), random);
        for (size_t number : order) {
            Case& c = cases[number];
            measure_registers(c, data);
            measure_rows(c, data, offset);
            measure_block(c, data);
        }
    }
    print_table(cases);
    print_targets(cases);
}
