// Handles, errors, cancellation, additions and live indexes.
#include <vecq.hpp>

#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include <unistd.h>

#include "check.hpp"

namespace {

using vecq::Error;
using vecq::Index;
namespace fs = std::filesystem;

fs::path root;

fs::path fixture(const char* name) {
    return root / "fixtures" / ("format-1-" + std::string(name) + ".vecq");
}

void test_index() {
    Index index(fixture("living"));
    const std::vector<int64_t> ids = index.ids();
    CHECK(index.size() == 31 && index.dim() == 8 && ids.size() == 31);
    CHECK(index.options().metric == VECQ_L2 && index.stats().rows == 31);
    CHECK(index.contains(ids[3]) && !index.contains(12345));
    CHECK(index.vectors(std::array<int64_t, 2>{ids[0], ids[1]}).size() == 16);
    CHECK(index.check().empty() && index.effort(10).ef == 110 && index.effort(10).rerank == 20);
    index.preload(VECQ_PRELOAD_ALL);
    // Moved handles stay valid, and a filter keeps its index open.
    Index moved = std::move(index);
    const vecq::Filter filter = moved.deny(ids);
    {
        const Index closed = std::move(moved);
        vecq::SearchOptions options;
        options.filter = &filter;
        CHECK(closed.search(queries(1), options).count(0) == 0);
    }
    CHECK(filter.count() == 0);
}

void test_errors() {
    const Index index(fixture("ip"));
    const auto argument = [&](const vecq::SearchOptions& options) {
        const Error error = error_of<Error>([&] { index.search(queries(2), options); });
        CHECK(error.status() == VECQ_INVALID_ARGUMENT);
        CHECK(std::strncmp(error.what(), error.argument().c_str(), error.argument().size()) == 0);
        return error.argument();
    };
    vecq::SearchOptions options;
    options.k = 0;
    CHECK(argument(options) == "k");
    options = {};
    options.rerank = 3;
    CHECK(argument(options) == "rerank");
    options = {};
    const vecq::Exclusions one = vecq::Exclusions().add(std::vector<int64_t>{1});
    options.exclude = &one;
    CHECK(argument(options) == "exclude");
    const std::vector<float> weights{1};
    options = {};
    options.bias_weights = weights;
    CHECK(argument(options) == "bias_weights");
    const std::vector<float> infinite(2, HUGE_VALF);
    options.bias_weights = infinite;
    CHECK(argument(options) == "bias_weights");
    options = {};
    options.where = {"stock", std::nullopt, "stock"};
    CHECK(argument(options) == "where");
    options.where = {std::string("stock\0", 6)};
    CHECK(argument(options) == "where");
    options = {};
    options.diversity = 1.5F;
    CHECK(argument(options) == "diversity");
    const std::vector<int64_t> ids{1, 2};
    const Error keys = error_of<Error>([&] { vecq::Groups(ids, std::vector<int>{1}); });
    CHECK(keys.argument() == "groups");
    CHECK(error_of<Error>([&] { index.numbers({"a"}); }).status() == VECQ_INVALID_ARGUMENT);
    const Error dims = error_of<Error>([&] { index.search(std::vector<float>(9)); });
    CHECK(dims.argument() == "queries");
    const Error missing = error_of<Error>([&] { Index(root / "none.vecq"); });
    CHECK(missing.status() == VECQ_FILE_ERROR && missing.system() == ENOENT);
}

void test_cancellation() {
    const Index index(fixture("l2"));
    vecq::Cancellation cancellation;
    vecq::SearchOptions options;
    options.plan = VECQ_PLAN_WALK;
    options.cancelled = &cancellation;
    std::thread canceller([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        cancellation.cancel();
    });
    const std::vector<float> many = queries(1'000'000);
    CHECK(error_of<Error>([&] { index.search(many, options); }).status() == VECQ_CANCELLED);
    canceller.join();
    cancellation.reset();
    CHECK(index.search(queries(2), options).queries() == 2);
}

void test_changes(const fs::path& folder) {
    auto codec_options = vecq::detail::sized<vecq_codec_options>();
    codec_options.width = VECQ_INT8;
    auto options = vecq::detail::sized<vecq_index_options>();
    options.metric = VECQ_COSINE;
    Index index(options, vecq::Codec(codec_options, 8));
    index.add(queries(100));
    index.upsert(queries(2), std::vector<int64_t>{3, 200});
    index.remove(std::vector<int64_t>{7});
    CHECK(index.size() == 100 && index.contains(200) && !index.contains(7));
    CHECK(error_of<Error>([&] { index.add(queries(2), std::vector<int64_t>{1}); }).argument() ==
          "ids");
    index.save(folder / "saved.vecq");
    const Index opened(folder / "saved.vecq");
    const vecq::Results found = opened.search(queries(5)), expected = index.search(queries(5));
    for (size_t query = 0; query < 5; ++query)
        CHECK(std::equal(found.ids(query).begin(), found.ids(query).end(),
                         expected.ids(query).begin()));
}

void replace(const fs::path& path, const char* name, char damaged = 0) {
    std::ifstream in(fixture(name), std::ios::binary);
    std::vector<char> bytes{std::istreambuf_iterator<char>(in), {}};
    bytes[bytes.size() - 200] ^= damaged;
    const fs::path fresh = path.string() + ".new";
    std::ofstream(fresh, std::ios::binary)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    fs::rename(fresh, path);
}

void test_live(const fs::path& folder) {
    const fs::path path = folder / "live.vecq";
    replace(path, "l2");
    vecq::LiveOptions options;
    options.interval = std::chrono::milliseconds(5);
    vecq::Live live(path, options);
    const auto until = [&](auto is_reached) {
        for (int i = 0; i < 2000 && !is_reached(live.status()); ++i)
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        return live.status();
    };
    uint64_t version = 0;
    const Index before = live.index(&version);
    CHECK(version == 1);
    replace(path, "living", 1);
    const vecq_live_status status = until([](const auto& own) { return own.failed != 0; });
    CHECK(status.failed == VECQ_CORRUPT_FILE && status.version == 1 && status.failures == 1);
    CHECK(error_of<Error>([&] { live.refresh(true); }).status() == VECQ_CORRUPT_FILE);
    replace(path, "living");
    CHECK(until([](const auto& own) { return own.version == 2; }).failed == VECQ_OK);
    CHECK(!live.refresh() && before.size() == 40 && live.index().size() == 31);
    CHECK(live.search(queries(2)).queries() == 2);
}

}  // namespace

void test_api(const std::string& tests) {
    root = tests;
    const fs::path folder = fs::temp_directory_path() / ("vecq-cpp-" + std::to_string(getpid()));
    fs::create_directories(folder);
    test_index();
    test_errors();
    test_cancellation();
    test_changes(folder);
    test_live(folder);
    fs::remove_all(folder);
}
