// Truncated, damaged and forged files: each is refused or used without out-of-bounds access.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "base/rng.hpp"
#include "check.hpp"
#include "files.hpp"
#include "vecq.h"

using namespace files;
using samples::random_vector;

namespace {

constexpr size_t kDim = 8, kRows = 300, kVacant = 20;
constexpr uint64_t kHostile[] = {0,
                                 1,
                                 uint64_t{1} << 31,
                                 (uint64_t{1} << 32) - 1,
                                 uint64_t{1} << 32,
                                 uint64_t{1} << 58,
                                 uint64_t{1} << 63,
                                 UINT64_MAX - 4095,
                                 UINT64_MAX};
constexpr uint32_t kHostileWords[] = {0, 1, uint32_t{1} << 31, UINT32_MAX - 4095, UINT32_MAX};

constexpr auto kForgedMetrics =
    std::span(kMetrics).first(check::kIsEmulated ? 1 : std::size(kMetrics));

// A saved index with every kind of section: layered, or flat for inner products.
struct Sample {
    Folder folder;
    std::string path = folder / "a.vecq", copy = folder / "b.vecq";
    Bytes good;

    explicit Sample(int32_t metric = VECQ_L2) {
        const Codec codec(VECQ_INT8, kDim, VECQ_SCALE_GLOBAL, metric == VECQ_L2);
        const Codec rerank(VECQ_FP16, kDim);
        Vector vectors = random_vector(kRows * kDim, 1);
        std::fill_n(vectors.data(), 2 * kDim, 0.0F);
        const vecq_index_options options{sizeof options, metric, VECQ_LINK_AUTO, 4, 20, 1,
                                         nullptr,        0};
        Index index(options, codec, &rerank);
        Ids ids(kRows);
        std::iota(ids.begin(), ids.end(), 0);
        CHECK(index.fit(vectors) == VECQ_OK && index.add(vectors, ids), index.error.message);
        ids.assign(kVacant, 0);
        std::iota(ids.begin(), ids.end(), 100);
        CHECK(index.remove(ids) == VECQ_OK, index.error.message);
        const vecq_curve_point curve[] = {{10, 20, 0.5}, {10, 40, 0.75}, {10, 80, 1}};
        CHECK(vecq_index_set_curve(index.own, curve, 3, kRows, nullptr) == VECQ_OK);
        CHECK(rebuild(index.own, make_cells) == VECQ_OK);
        CHECK(vecq_index_set_probe_curve(index.own, curve, 3, nullptr) == VECQ_OK);
        CHECK(vecq_index_set_rerank_widths(index.own, curve, 1, nullptr) == VECQ_OK);
        ids.assign(kVacant / 2, 0);
        std::iota(ids.begin(), ids.end(), 200);
        CHECK(index.update(random_vector(ids.size() * kDim, 2), ids), index.error.message);
        CHECK(save(index.own, path) == VECQ_OK);
        good = Bytes(path);
    }

    vecq_status open(const Bytes& bytes) const {
        bytes.write(path);
        return Opened(path).status;
    }
    bool refuses(const Bytes& bytes) const {
        const vecq_status status = open(bytes);
        return status == VECQ_CORRUPT_FILE || status == VECQ_UNSUPPORTED;
    }
    // Returns the first problem that a check reports, "nothing", or "refused".
    std::string problem(Bytes bytes) const {
        bytes.seal();
        bytes.write(path);
        if (!use(path, copy)) return "refused";
        std::string first = "nothing";
        problems_of(Opened(path).own, &first);
        return first;
    }
};

bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST(hostile_files_truncated_anywhere) {
    Sample s;
    std::vector<size_t> ends;
    for (size_t i = 0; i < s.good.header().section_count; ++i)
        for (const size_t edge : {s.good.entries()[i].offset, s.good.entries()[i].end()})
            for (const size_t end : {edge - 1, edge, edge + 1}) ends.push_back(end);
    for (const size_t edge : {size_t{0}, sizeof(FileHeader), s.good.table_end()})
        for (const size_t end : {edge, edge + 1}) ends.push_back(end);
    vecq::Random random(1);
    for (size_t i = 0; i < 1000; ++i) ends.push_back(random.below(s.good.size()));
    for (const size_t end : ends) {
        if (end >= s.good.size()) continue;
        Bytes cut = s.good;
        cut.resize(end);
        CHECK(s.open(cut) == VECQ_CORRUPT_FILE, end);
    }
    Bytes longer = s.good;
    longer.push_back(0);
    CHECK(s.open(longer) == VECQ_CORRUPT_FILE && s.open(s.good) == VECQ_OK);
}

TEST(hostile_files_with_a_changed_byte_in_the_table) {
    Sample s;
    vecq::Random random(2);
    for (size_t at = 0; at < s.good.table_end(); ++at)
        for (const int change : {0x01, 0x80, 0xff, static_cast<int>(1 + random.below(255))}) {
            Bytes bad = s.good;
            bad[at] = static_cast<char>(bad[at] ^ change);
            CHECK(s.refuses(bad), at, change);
        }
}

// The checksum of the table is valid.
TEST(hostile_files_with_forged_tables) {
    for (const int32_t metric : {VECQ_L2, VECQ_IP}) {
        Sample s(metric);
        size_t tried = 0, opened = 0;
        const auto seal_and_use = [&](Bytes& bad) {
            ++tried;
            bad.seal_table();
            bad.write(s.path);
            opened += use(s.path, s.copy);
        };
        for (size_t i = 0; i < s.good.header().section_count; ++i)
            for (const auto field :
                 {&SectionEntry::element_bytes, &SectionEntry::count, &SectionEntry::offset}) {
                std::vector<uint64_t> values(std::begin(kHostile), std::end(kHostile));
                const uint64_t own = s.good.entries()[i].*field;
                for (const uint64_t near : {own - 1, own + 1, own + 4096, 2 * own})
                    values.push_back(near);
                for (const uint64_t value : values) {
                    Bytes bad = s.good;
                    bad.entries()[i].*field = value;
                    if (value != own) seal_and_use(bad);
                }
            }
        for (size_t i = 0; i < s.good.header().section_count; ++i)
            for (const uint32_t value : {0U, 1U, 3U, 5U, 10U, 99U, UINT32_MAX}) {
                Bytes bad = s.good;
                bad.entries()[i].id.kind = value;
                seal_and_use(bad);
                bad = s.good;
                bad.entries()[i].id.number = value;
                seal_and_use(bad);
            }
        // Few forgeries leave a usable file, such as a changed kind of a section that is not
        // needed.
        CHECK(tried > 800 && opened * 10 < tried, opened, tried);
    }
}

TEST(hostile_files_with_forged_settings) {
    for (const int32_t metric : kForgedMetrics) {
        Sample s(metric);
        const auto use_with = [&](Kind kind, size_t number, size_t at, const void* value,
                                  size_t bytes) {
            Bytes bad = s.good;
            std::memcpy(bad.contents<char>(kind, number) + at, value, bytes);
            bad.seal();
            bad.write(s.path);
            use(s.path, s.copy);
        };
        const float floats[] = {NAN, INFINITY, -1, 0, 3e38F, 1e-40F};
        for (size_t at = 0; at < sizeof(vecq::SavedIndex); at += 4) {
            for (const uint32_t value : kHostileWords) use_with(Kind::index, 0, at, &value, 4);
            if (at % 8 == 0)
                for (const uint64_t value : kHostile) use_with(Kind::index, 0, at, &value, 8);
            for (const float value : floats) use_with(Kind::index, 0, at, &value, 4);
        }
        for (const size_t number : {0, 1})
            for (size_t at = 0; at < sizeof(vecq::SavedCodec); at += 4)
                for (const uint64_t value : {0U, 1U, 2U, 3U, 7U, 15U, UINT32_MAX})
                    use_with(Kind::codec, number, at, &value, 4);
        for (size_t at = 0; at < sizeof(vecq_curve_point); at += 4)
            for (const uint32_t value : kHostileWords) use_with(Kind::curve, 0, at, &value, 4);
        for (const uint32_t value : kHostileWords)
            for (const size_t at : {size_t{0}, 4 * (kVacant - 1)})
                use_with(Kind::vacant, 0, at, &value, 4);
        for (const float value : floats)
            for (const Kind kind : {Kind::codec_mean, Kind::codec_scales})
                if (s.good.entry(kind).count > 0) use_with(kind, 0, 0, &value, 4);
        CHECK(s.open(s.good) == VECQ_OK);
    }
}

TEST(hostile_files_with_random_contents) {
    vecq::Random random(3);
    for (const int32_t metric : kMetrics) {
        Sample s(metric);
        size_t opened = 0;
        for (size_t round = 0; round < 250; ++round) {
            Bytes bad = s.good;
            for (size_t changes = 1 + random.below(40); changes > 0; --changes) {
                const SectionEntry& entry = bad.entries()[random.below(bad.header().section_count)];
                if (entry.id.kind >= static_cast<uint32_t>(Kind::codes) && entry.bytes() > 0)
                    bad[entry.offset + random.below(entry.bytes())] =
                        static_cast<char>(random.next());
            }
            bad.write(s.path);
            const Opened unsealed(s.path);
            if (unsealed.status == VECQ_OK)
                CHECK((problems_of(unsealed.own, nullptr, 0) > 0) == (bad != s.good), round);
            bad.seal();
            bad.write(s.path);
            opened += use(s.path, s.copy);
        }
        CHECK(opened > 40, metric, opened);
    }
}

// Sections full of one word or of random words: walks must validate every id that they follow.
TEST(hostile_files_with_overwritten_sections) {
    vecq::Random random(4);
    for (const int32_t metric : kForgedMetrics) {
        Sample s(metric);
        for (size_t i = 0; i < s.good.header().section_count; ++i) {
            if (s.good.entries()[i].id.kind < static_cast<uint32_t>(Kind::codes)) continue;
            for (const uint64_t word : {0U, 7U, 0x7fffffffU, 0x80000000U, 0x7fc00000U, 0xffffffffU,
                                        0xfffffffeU, 0x7f800000U, 299U, 300U}) {
                Bytes bad = s.good;
                const SectionEntry entry = bad.entries()[i];
                for (size_t at = 0; at + 4 <= entry.bytes(); at += 4) {
                    const auto some = static_cast<uint32_t>(word == 7 ? random.next() : word);
                    std::memcpy(bad.data() + entry.offset + at, &some, sizeof some);
                }
                bad.seal();
                bad.write(s.path);
                use(s.path, s.copy);
            }
        }
        CHECK(s.open(s.good) == VECQ_OK);
    }
}

// One row with non-finite numbers, scanned by partial blocks of queries.
TEST(hostile_files_with_a_row_that_is_not_finite) {
    const Folder folder;
    const std::string path = folder / "a.vecq";
    for (const int32_t width : {VECQ_FP32, VECQ_FP16, VECQ_INT16, VECQ_INT8, VECQ_INT12, VECQ_INT4})
        for (const int32_t metric : kMetrics) {
            const Codec codec(width, kDim);
            Index index(options_of(metric), codec);
            CHECK(index.add(random_vector(kRows * kDim, 1)) && save(index.own, path) == VECQ_OK);
            const Bytes good(path);
            const auto scan = [&](Bytes bytes) {
                bytes.seal();
                bytes.write(path);
                const Opened opened(path);
                CHECK(opened.status == VECQ_OK, width, metric);
                for (const size_t count : {6, 7, 8, 31, 32, 33, 40}) {
                    const Found found = opened.search(random_vector(count * kDim, 2),
                                                      search_of(5, 20, 15, 0, VECQ_PLAN_SCAN));
                    CHECK(found.status == VECQ_OK && found.counts == Ids(count, 5), width, metric,
                          count);
                }
            };
            for (const float value : {NAN, INFINITY, -INFINITY})
                for (const size_t at : {0, 1}) {
                    Bytes bad = good;
                    bad.contents<float>(Kind::affine)[2 * 150 + at] = value;
                    scan(bad);
                }
            for (const uint64_t word : {UINT64_MAX, uint64_t{0x7c007c007c007c00}}) {
                Bytes bad = good;
                const size_t row_bytes = bad.entry(Kind::codes).element_bytes;
                std::memcpy(bad.contents<char>(Kind::codes) + 150 * row_bytes, &word, sizeof word);
                scan(bad);
            }
        }
}

TEST(hostile_files_are_checked_and_problems_named) {
    Sample s(VECQ_L2);
    const auto with = [&](auto&& change) {
        Bytes bad = s.good;
        change(bad);
        return s.problem(bad);
    };
    const auto word = [&](Kind kind, size_t number, size_t at, uint32_t value) {
        return with([&](Bytes& bad) { bad.contents<uint32_t>(kind, number)[at] = value; });
    };
    const size_t degree = 8;
    CHECK(with([](Bytes&) {}) == "nothing");
    CHECK(has(word(Kind::links, 0, 5 * degree, 4'000'000'000), "layer 0, node 5: links to node 4"));
    CHECK(has(word(Kind::links, 0, 5 * degree, 300), "node 5: links to node 300"));
    CHECK(has(word(Kind::links, 0, 5 * degree, 5), "node 5: links to itself"));
    CHECK(has(with([&](Bytes& bad) {
                  uint32_t* list = bad.contents<uint32_t>(Kind::links) + 12 * degree;
                  list[1] = list[0];
              }),
              "node 12: links to node"));
    CHECK(has(word(Kind::links, 0, 9 * degree, UINT32_MAX), "node 9: has links after its end"));
    CHECK(has(word(Kind::links, 1, 0, 4'000'000'000), "links of layer 1, node 0"));
    CHECK(has(word(Kind::layer_rows, 1, 1, 0), "layer 1, node 1: does not match"));
    CHECK(has(word(Kind::layer_below, 1, 0, UINT32_MAX), "layer 1, node 0: does not match"));
    CHECK(word(Kind::entries, 0, 0, 77) == "refused");
    CHECK(has(word(Kind::affine, 0, 6, 0x7fc00000), "score affines, row 3: is not finite"));
    CHECK(has(word(Kind::affine, 1, 6, 0x7f800000), "rerank score affines, row 3"));
    CHECK(has(word(Kind::constants, 0, 3, 0xbf800000), "constants of codes, row 1: is negative"));
    CHECK(has(with([&](Bytes& bad) {
                  bad.contents<int64_t>(Kind::ids)[3] = bad.contents<int64_t>(Kind::ids)[4];
              }),
              "belongs to two rows"));
    CHECK(has(word(Kind::order, 0, 3, 0), "insertion order: two rows have number 0") ||
          has(word(Kind::order, 0, 4, 0), "insertion order: two rows have number 0"));
    CHECK(has(with([](Bytes& bad) { bad.contents<vecq::SavedIndex>(Kind::index)->largest_id = 5; }),
              "the largest id is stored as 5, but is 299"));
    CHECK(word(Kind::vacant, 0, 3, kRows) == "refused");
    CHECK(word(Kind::vacant, 0, 3, 0) == "refused");
    CHECK(with([](Bytes& bad) { bad.contents<vecq_curve_point>(Kind::curve)[1].recall = NAN; }) ==
          "refused");
    CHECK(has(word(Kind::cell_rows, 0, 5, kRows), "cells: row 300 of the cells is out of range"));
    CHECK(has(word(Kind::cell_ends, 0, 6, 1), "cells: cell 6 does not end behind"));
    CHECK(has(word(Kind::affine, 2, 0, 0x7fc00000), "centroid of cell 0: is not finite"));
    CHECK(word(Kind::cells, 0, 0, kRows + 1) == "refused");
    CHECK(has(with([](Bytes& bad) {
                  const uint32_t vacant = bad.contents<uint32_t>(Kind::vacant)[0];
                  bad.contents<uint32_t>(Kind::order)[vacant] = 1'000'000;
              }),
              "has a number, but is vacant"));
    CHECK(has(with([&](Bytes& bad) {  // no link leads to row 250
                  uint32_t* links = bad.contents<uint32_t>(Kind::links);
                  for (size_t at = 0; at < kRows * degree; ++at)
                      if (links[at] == 250) links[at] = links[at / degree * degree + degree - 1];
              }),
              "node"));
    Sample ip(VECQ_IP);
    Bytes bad = ip.good;
    bad.contents<uint32_t>(Kind::near_zero)[0] = 1'000'000;
    const std::string problem_found = ip.problem(bad);
    CHECK(has(problem_found, "near-zero rows: element 0 is row 1000000"), problem_found);
    bad = ip.good;
    const uint32_t vacant = bad.contents<uint32_t>(Kind::vacant)[0];
    bad.contents<uint32_t>(Kind::entries)[0] = vacant;
    CHECK(has(ip.problem(bad), "entry points: row"));
    bad = ip.good;
    bad.contents<uint32_t>(Kind::near_zero)[1] = bad.contents<uint32_t>(Kind::vacant)[kVacant - 1];
    CHECK(has(ip.problem(bad), "near-zero rows: "), ip.problem(bad));
    bad = ip.good;
    bad.contents<char>(Kind::ids)[9] ^= 1;
    CHECK(ip.open(bad) == VECQ_OK);
    std::string problem;
    CHECK(problems_of(Opened(ip.path).own, &problem, 0) == 1 &&
              problem == "ids: does not match its checksum",
          problem);
}

// Unknown sections are skipped, or refused with the release that reads them.
TEST(hostile_files_of_later_releases) {
    Sample s;
    const auto add_section = [&](uint32_t flags) {
        Bytes later = s.good;
        const uint32_t count = later.header().section_count++;
        SectionEntry& entry = later.entries()[count];
        entry = {};
        entry.id = {777, 0};
        entry.flags = flags;
        entry.offset = vecq::section_start(later.size());
        std::strcpy(entry.since, "9.8.7");
        later.seal_table();
        later.header().file_bytes = entry.offset;
        later.resize(entry.offset);
        later.seal();
        return later;
    };
    CHECK(s.good.table_end() + sizeof(SectionEntry) <= vecq::kSectionAlignment);
    CHECK(s.open(add_section(0)) == VECQ_OK && use(s.path, s.copy));
    CHECK(s.open(add_section(vecq::kRequired)) == VECQ_UNSUPPORTED);
    CHECK(has(Opened(s.path).error.message, "vecq 9.8.7 and later"));
    Bytes later = s.good;
    later.header().format = 2;
    std::strcpy(later.header().needed, "3.2.1");
    later.seal();
    CHECK(s.open(later) == VECQ_UNSUPPORTED);
    CHECK(has(Opened(s.path).error.message, "format 2, which vecq 3.2.1 and later can read"));
    Bytes swapped = s.good;
    std::reverse(swapped.data() + 8, swapped.data() + 12);
    CHECK(s.open(swapped) == VECQ_UNSUPPORTED);
    CHECK(has(Opened(s.path).error.message, "big-endian"));
}
