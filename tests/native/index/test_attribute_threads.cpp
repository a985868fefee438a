// Attributes change while searches filter by them, items come and go, and saves run. Small, for the
// thread sanitizer.
#include <atomic>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "attributes.hpp"
#include "check.hpp"
#include "files.hpp"
#include "loops.hpp"

using namespace files;
using samples::random_vector;

namespace {

constexpr size_t kDim = 8, kRows = 200;

// `price` and `year` of an item are always equal.
Found search_torn(const Index& index, const Vector& queries, int32_t plan) {
    static constexpr const char* kTorn[] = {
        "price < 1000 and year >= 1000", "price >= 1000 and year < 1000",
        "price < 1000 and year >= 1000 or seller = 'none such'"};
    vecq_search_options options = search_of(10, 40, 15, 0, plan);
    options.where = kTorn;
    options.where_count = 3;
    return index.search(queries, options);
}

}  // namespace

TEST(threads_search_while_attributes_change) {
    const Folder folder;
    const Codec codec(VECQ_INT8, kDim);
    const Vector queries = random_vector(3 * kDim, 2);
    Index index(attributes::options_of(VECQ_L2), codec);
    Ids ids(kRows);
    std::iota(ids.begin(), ids.end(), 0);
    CHECK(attributes::add(index, random_vector(kRows * kDim, 1), ids, 0));
    std::atomic<bool> over{false};
    std::atomic<size_t> searches{0}, failed{0}, torn{0}, unsaved{0}, damaged{0};
    std::string problem;
    std::vector<std::thread> pool;
    for (const int32_t plan : {VECQ_PLAN_WALK, VECQ_PLAN_SCAN})
        pool.emplace_back([&, plan] {
            while (!over) {
                const Found found = search_torn(index, queries, plan);
                failed += found.status != VECQ_OK;
                torn += found.counts != Ids(3);
                attributes::use(index.own, kDim, false);
                ++searches;
                std::this_thread::yield();
            }
        });
    pool.emplace_back([&] {
        const std::string path = folder / "a.vecq";
        while (!over) {
            unsaved += save(index.own, path) != VECQ_OK;
            damaged += problems_of(Opened(path).own, &problem) != 0;
            std::this_thread::yield();
        }
    });
    CHECK(loops::wait_until([&] { return searches > 0; }));
    size_t refused = 0;
    for (int64_t round = 0; round < 20; ++round) {
        const size_t from = round % 2 == 0 ? 2000 : 0;
        refused += attributes::set(index.own, ids, from) != VECQ_OK;
        const Ids fresh = {1000 + round, 2000 + round};
        refused += !attributes::add(index, random_vector(2 * kDim, 7), fresh, from);
        refused += !index.update(random_vector(kDim, 8), {round});
        refused += index.remove({1000 + round}) != VECQ_OK;
    }
    CHECK(loops::wait_until([&] { return searches > 2; }));  // on a busy machine, too
    over = true;
    for (std::thread& thread : pool) thread.join();
    CHECK(problems_of(index.own) == 0 && index.size() == kRows + 20);
    CHECK(failed + torn + refused == 0, failed.load(), torn.load(), refused);
    CHECK(unsaved + damaged == 0, unsaved.load(), damaged.load(), problem);
}
