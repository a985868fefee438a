// Live indexes: swaps, files that are refused, leases across swaps, and searches during swaps.
#include <atomic>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "check.hpp"
#include "files.hpp"
#include "vecq.h"

using namespace files;
using samples::random_vector;

namespace {

constexpr size_t kDim = 8, kRows = 60;

// Saves an index whose ids all are at least `first_id`.
void write_index(const std::string& path, int64_t first_id, size_t dim = kDim, uint64_t seed = 1) {
    const Codec codec(VECQ_INT8, dim);
    Index index(options_of(VECQ_L2), codec);
    Ids ids(kRows);
    for (size_t i = 0; i < kRows; ++i) ids[i] = first_id + static_cast<int64_t>(i);
    CHECK(index.add(random_vector(kRows * dim, seed), ids));
    CHECK(save(index.own, path, nullptr, true) == VECQ_OK);
}

struct Live {
    explicit Live(const std::string& path, int32_t skips_checksums = 0) {
        auto options = sized<vecq_live_options>();
        options.preload = VECQ_PRELOAD_SEARCH;
        options.skip_checksums = skips_checksums;
        status = vecq_live_open(path.c_str(), &options, &own, &error);
    }
    Live(const Live&) = delete;
    Live& operator=(const Live&) = delete;
    ~Live() { vecq_live_close(own); }

    vecq_status refresh(int32_t retry = 0) {
        return vecq_live_refresh(own, retry, &swapped, &error);
    }
    vecq_live_status state() const {
        auto state = sized<vecq_live_status>();
        CHECK(vecq_live_get_status(own, &state, nullptr) == VECQ_OK);
        return state;
    }

    vecq_live* own = nullptr;
    vecq_error error{};
    vecq_status status;
    int32_t swapped = -1;
};

// The smallest and the largest of some ids.
using Range = std::pair<int64_t, int64_t>;

struct Lease {
    explicit Lease(const Live& live) { vecq_live_acquire(live.own, &own, &version, nullptr); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() { vecq_live_release(own); }

    // The range of the ids found; {-1, -1} if the search fails.
    Range found_ids() const {
        const vecq_search_options options = search_of(kRows, 100, 15, 0, VECQ_PLAN_SCAN);
        const Vector query = random_vector(kDim, 7);
        Ids ids(kRows), counts(1);
        Vector scores(kRows);
        if (vecq_index_search(own, &options, query.data(), 1, ids.data(), scores.data(),
                              counts.data(), nullptr, nullptr) != VECQ_OK)
            return {-1, -1};
        const auto [least, most] = std::ranges::minmax(ids);
        return {least, most};
    }

    const vecq_index* own = nullptr;
    uint64_t version = 0;
};

}  // namespace

TEST(live_indexes_follow_their_file) {
    const Folder folder;
    const std::string path = folder / "a.vecq";
    write_index(path, 0);
    Live live(path);
    CHECK(live.status == VECQ_OK, live.error.message);
    CHECK(live.refresh() == VECQ_OK && live.swapped == 0 && live.state().version == 1);
    const Lease before(live);
    write_index(path, 1000);
    CHECK(live.refresh() == VECQ_OK && live.swapped == 1);
    CHECK(live.refresh() == VECQ_OK && live.swapped == 0);
    const Lease after(live);
    CHECK(before.version == 1 && after.version == 2);
    CHECK(before.found_ids() == Range(0, 59));
    CHECK(after.found_ids() == Range(1000, 1059));
    CHECK(live.state().version == 2 && live.state().failures == 0);
    CHECK(live.state().changed_ns > 0);
}

TEST(a_lease_outlives_its_live_index) {
    const Folder folder;
    const std::string path = folder / "a.vecq";
    write_index(path, 0);
    auto live = std::make_unique<Live>(path);
    const Lease lease(*live);
    live.reset();
    CHECK(lease.found_ids() == Range(0, 59));
    vecq_live_release(nullptr);
    vecq_live_close(nullptr);
}

TEST(bad_files_leave_the_live_index_as_it_is) {
    const Folder folder;
    const std::string path = folder / "a.vecq", other = folder / "b.vecq";
    write_index(path, 0);
    Live live(path);
    write_index(other, 500);
    Bytes flipped(other);
    flipped.contents<char>(Kind::ids)[3] ^= 1;
    flipped.write(other);
    const auto replace = [&](const std::string& from) { std::filesystem::rename(from, path); };
    const auto is_refused = [&](vecq_status status, const char* words, uint64_t failures) {
        const vecq_status found = live.refresh();
        const vecq_live_status state = live.state();
        return found == status && std::strstr(live.error.message, words) != nullptr &&
               std::string(live.error.argument) == "path" && state.failed == status &&
               std::string(state.error.message) == live.error.message &&
               state.failures == failures && state.version == 1 &&
               Lease(live).found_ids() == Range(0, 59);
    };

    replace(other);
    CHECK(is_refused(VECQ_CORRUPT_FILE, "damaged", 1), live.error.message);
    CHECK(is_refused(VECQ_CORRUPT_FILE, "damaged", 1));  // not opened again, and counted once
    CHECK(live.refresh(1) == VECQ_CORRUPT_FILE);
    Bytes().write(other);
    replace(other);
    CHECK(is_refused(VECQ_CORRUPT_FILE, "", 2), live.error.message);
    write_index(other, 0, 2 * kDim);
    replace(other);
    CHECK(is_refused(VECQ_INVALID_ARGUMENT, "16 dimensions", 3), live.error.message);
    std::filesystem::remove(path);
    CHECK(is_refused(VECQ_FILE_ERROR, "can't open the file", 4), live.error.message);
    CHECK(live.error.system == ENOENT);
    write_index(path, 2000);
    CHECK(live.refresh() == VECQ_OK && live.swapped == 1 && live.state().failed == VECQ_OK);
    CHECK(Lease(live).found_ids() == Range(2000, 2059));

    const Live missing(folder / "none.vecq");
    CHECK(missing.status == VECQ_FILE_ERROR && missing.own == nullptr);
    CHECK(vecq_live_refresh(nullptr, 0, &live.swapped, &live.error) == VECQ_INVALID_ARGUMENT);
    CHECK(std::string(live.error.argument) == "live");
}

TEST(threads_search_a_live_index_while_it_swaps) {
    const Folder folder;
    const std::string path = folder / "a.vecq";
    write_index(path, 0);
    Live live(path);
    std::atomic<bool> is_done = false;
    std::atomic<size_t> mixed = 0, searched = 0;
    const auto search = [&] {
        do {
            const Lease lease(live);
            const auto first = static_cast<int64_t>((lease.version - 1) * 1000);
            if (lease.found_ids() != Range(first, first + 59)) ++mixed;
            ++searched;
        } while (!is_done);
    };
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) threads.emplace_back(search);
    for (int64_t version = 1; version <= 10; ++version) {
        write_index(path, version * 1000);
        CHECK(live.refresh() == VECQ_OK && live.swapped == 1, live.error.message);
    }
    is_done = true;
    for (std::thread& thread : threads) thread.join();
    CHECK(mixed == 0 && searched >= 3, mixed.load());
    CHECK(live.state().version == 11);
}
