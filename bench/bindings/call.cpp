// The C++ face, measured as call.c measures the C ABI.
#include <vecq.hpp>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <numeric>
#include <thread>

namespace {

using Clock = std::chrono::steady_clock;
constexpr size_t kQueries = 500;

double since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 5) return 2;
    const vecq::Index index(arguments[1]);
    const size_t dim = index.dim();
    std::vector<float> queries(kQueries * dim);
    std::ifstream(arguments[2], std::ios::binary)
        .read(reinterpret_cast<char*>(queries.data()),
              static_cast<std::streamsize>(queries.size() * sizeof queries[0]));
    vecq::SearchOptions options;
    options.k = std::stoul(arguments[3]);
    options.plan = VECQ_PLAN_WALK;
    const double seconds = std::stod(arguments[4]);
    const auto search = [&](size_t q) {
        if (index.search({queries.data() + q * dim, dim}, options).count(0) != options.k)
            std::abort();
    };
    const auto pass = [&] {
        for (size_t q = 0; q < kQueries; ++q) search(q);
    };
    const auto passes = [&](size_t& done) {
        for (const Clock::time_point start = Clock::now(); since(start) < seconds; done += kQueries)
            pass();
    };
    pass();
    std::vector<double> best(kQueries, 1e9);
    for (const Clock::time_point start = Clock::now(); since(start) < seconds;)
        for (size_t q = 0; q < kQueries; ++q) {
            const Clock::time_point begin = Clock::now();
            search(q);
            best[q] = std::min(best[q], since(begin));
        }
    const double mean = std::accumulate(best.begin(), best.end(), 0.0) / kQueries;
    size_t alone = 0, both[2] = {};
    passes(alone);
    std::thread second([&] { passes(both[1]); });
    passes(both[0]);
    second.join();
    std::printf("%.2f %.0f %.0f\n", 1e6 * mean, static_cast<double>(alone) / seconds,
                static_cast<double>(both[0] + both[1]) / seconds);
}
