// Runs all tests, or those whose names contain an argument; with --shard I/N every N-th of them.
#include <cstdio>
#include <cstring>
#include <ctime>

#include "check.hpp"

int main(int argc, char** argv) {
    size_t shard = 0, shards = 1, found = 0;
    if (argc > 1 && std::strcmp(argv[1], "--shard") == 0) {
        if (argc < 3 || std::sscanf(argv[2], "%zu/%zu", &shard, &shards) != 2 || shard >= shards) {
            std::fprintf(stderr, "expected --shard I/N, I from 0 to N - 1\n");
            return 2;
        }
        argc -= 2, argv += 2;
    }
    size_t passed = 0, failed = 0, skips = 0;
    for (const check::Test& test : check::tests()) {
        bool is_selected = argc < 2;
        for (int i = 1; i < argc; ++i) is_selected |= std::strstr(test.name, argv[i]) != nullptr;
        if (!is_selected || found++ % shards != shard) continue;
        check::current() = {};
        const std::clock_t begin = std::clock();
        test.body();
        const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
        const check::Outcome& outcome = check::current();
        const bool is_ok =
            outcome.failures == 0 && (outcome.checks > 0 || !outcome.skipped.empty());
        std::printf("%s %s (%zu checks, %.1f CPU s)\n", is_ok ? "ok  " : "FAIL", test.name,
                    outcome.checks, seconds);
        if (!outcome.skipped.empty()) std::printf("  SKIPPED:\n%s", outcome.skipped.c_str());
        if (is_ok && outcome.checks == 0)
            ++skips;
        else
            ++(is_ok ? passed : failed);
    }
    std::printf("%zu passed, %zu failed, %zu skipped\n", passed, failed, skips);
    return failed == 0 && passed > 0 ? 0 : 1;
}
