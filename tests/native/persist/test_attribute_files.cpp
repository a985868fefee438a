// Attributes in damaged and forged files: refused when opened or when first used, never followed.
#include <cstring>
#include <numeric>
#include <string>

#include "attributes.hpp"
#include "check.hpp"
#include "files.hpp"

using namespace files;
using samples::random_vector;

namespace {

constexpr size_t kDim = 8, kRows = 100, kSeller = 4, kTags = 5;

struct Sample {
    Folder folder;
    std::string path = folder / "a.vecq";
    Bytes good;

    Sample() {
        const Codec codec(VECQ_INT8, kDim);
        Index index(attributes::options_of(VECQ_L2), codec);
        Ids ids(kRows);
        std::iota(ids.begin(), ids.end(), 0);
        CHECK(attributes::add(index, random_vector(kRows * kDim, 1), ids, 0), index.error.message);
        CHECK(save(index.own, path) == VECQ_OK);
        good = Bytes(path);
    }

    vecq_status open(Bytes bytes) const {
        bytes.seal();
        bytes.write(path);
        return Opened(path).status;
    }

    // The message of a search by a condition, or "" if it finds something.
    std::string fault(Bytes bytes, const char* where) const {
        bytes.seal();
        bytes.write(path);
        const Opened index(path);
        if (index.status != VECQ_OK) return "not opened: " + std::string(index.error.message);
        CHECK(problems_of(index.own) > 0, where);
        vecq_search_options options = search_of(3);
        options.where = &where;
        options.where_count = 1;
        const Vector query = random_vector(kDim, 2);
        Ids ids(3), counts(1);
        Vector scores(3);
        vecq_error error{};
        const vecq_status status =
            vecq_index_search(index.own, &options, query.data(), 1, ids.data(), scores.data(),
                              counts.data(), nullptr, &error);
        CHECK(status == VECQ_CORRUPT_FILE, where, status, error.message);
        return error.message;
    }
};

bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST(attribute_files_open_and_answer) {
    Sample s;
    const Opened index(s.path);
    CHECK(index.status == VECQ_OK && problems_of(index.own) == 0);
    const char* where = "seller = 'text 1' and tags has 'text 2' and price < 60";
    vecq_search_options options = search_of(100);
    options.where = &where;
    options.where_count = 1;
    const Found found = index.search(random_vector(kDim, 2), options);
    // Items of number i have seller i % 5 and the first i % 3 tags from i % 5 on.
    int64_t expected = 0;
    for (int64_t i = 0; i < 60; ++i) expected += i % 7 != 0 && i % 5 == 1 && i % 3 == 2;
    CHECK(found.counts[0] == expected, found.counts[0], expected);
}

TEST(attribute_files_with_a_forged_schema) {
    Sample s;
    const auto name_at = [](Bytes& bytes, size_t number) {
        return bytes.contents<char>(Kind::attributes) + 64 * number + 4;
    };
    Bytes bad = s.good;
    std::memset(name_at(bad, 1), 'x', 60);
    CHECK(s.open(bad) == VECQ_CORRUPT_FILE);
    bad = s.good;
    std::strcpy(name_at(bad, 1), "price");
    CHECK(s.open(bad) == VECQ_CORRUPT_FILE);
    bad = s.good;
    std::strcpy(name_at(bad, 1), "\xff");
    CHECK(s.open(bad) == VECQ_CORRUPT_FILE);
    bad = s.good;
    *name_at(bad, 1) = 0;
    CHECK(s.open(bad) == VECQ_CORRUPT_FILE);
    bad = s.good;
    bad.contents<uint32_t>(Kind::attributes)[16] = 6;  // a kind of a later release
    CHECK(s.open(bad) == VECQ_UNSUPPORTED);
    bad = s.good;
    bad.contents<uint32_t>(Kind::attributes)[16] = VECQ_FLOAT32;  // int64 values
    CHECK(s.open(bad) == VECQ_CORRUPT_FILE);
    for (const Kind kind : {Kind::attribute_values, Kind::attribute_ends, Kind::attribute_texts,
                            Kind::attribute_sets}) {
        bad = s.good;
        bad.entry(kind, kTags).id.kind = 999;
        CHECK(s.open(bad) == VECQ_CORRUPT_FILE, static_cast<int>(kind));
        bad = s.good;
        bad.entry(kind, kTags).element_bytes = 16;
        CHECK(s.open(bad) == VECQ_CORRUPT_FILE, static_cast<int>(kind));
    }
    bad = s.good;
    --bad.entry(Kind::attribute_values, 0).count;
    CHECK(s.open(bad) == VECQ_CORRUPT_FILE);
    bad = s.good;
    bad.entry(Kind::attributes).id.kind = 999;  // an index without attributes
    CHECK(s.open(bad) == VECQ_OK);
}

TEST(attribute_files_with_forged_values) {
    Sample s;
    Bytes bad = s.good;
    bad.contents<uint32_t>(Kind::attribute_values, kSeller)[17] = 6;
    CHECK(has(s.fault(bad, "seller = 'text 1'"), "has code 6 at row 17, expected at most 5"));
    bad = s.good;
    bad.contents<uint32_t>(Kind::attribute_values, kTags)[17] = UINT32_MAX;
    CHECK(has(s.fault(bad, "tags has 'text 1'"), "has code 4294967295 at row 17"));
    for (const size_t number : {kSeller, kTags}) {
        const char* where = number == kSeller ? "seller = 'text 1'" : "tags has 'text 1'";
        for (const uint64_t end : {uint64_t{0}, uint64_t{31}, uint64_t{1} << 40, UINT64_MAX}) {
            bad = s.good;
            bad.contents<uint64_t>(Kind::attribute_ends, number)[2] = end;
            CHECK(has(s.fault(bad, where), "of an attribute"), number, end);
        }
        bad = s.good;
        bad.contents<char>(Kind::attribute_texts, number)[3] = '\xff';
        CHECK(has(s.fault(bad, where), "is not UTF-8"));
        bad = s.good;
        bad.contents<char>(Kind::attribute_texts, number)[5] = '1';
        CHECK(has(s.fault(bad, where), "is there twice"));
    }
    for (const uint32_t forged : {5U, 1000U, UINT32_MAX})
        for (const size_t at : {size_t{0}, size_t{2}, size_t{3}}) {
            bad = s.good;
            bad.contents<uint32_t>(Kind::attribute_sets, kTags)[at] = forged;
            CHECK(has(s.fault(bad, "tags has 'text 1'"), "tag set"), forged, at);
        }
}

// Any word of any section of attributes: every entry is called, under sanitizers where they run.
TEST(attribute_files_with_any_word_changed) {
    Sample s;
    const std::string copy = s.folder / "b.vecq";
    for (size_t i = 0; i < s.good.header().section_count; ++i) {
        const SectionEntry entry = s.good.entries()[i];
        if (entry.id.kind < static_cast<uint32_t>(Kind::attributes) ||
            entry.id.kind > static_cast<uint32_t>(Kind::attribute_sets))
            continue;
        for (size_t at = 0; at + 4 <= entry.bytes(); at += 4 + entry.bytes() / 12 / 4 * 4)
            for (const uint32_t forged : {0U, 7U, 0x80000000U, UINT32_MAX}) {
                Bytes bad = s.good;
                std::memcpy(bad.data() + entry.offset + at, &forged, sizeof forged);
                bad.seal();
                bad.write(s.path);
                Opened index(s.path, true);
                if (index.status != VECQ_OK) continue;
                attributes::use(index.own, kDim, true);
                problems_of(index.own);
                rebuild(index.own, vecq_task_compact);
                attributes::use(index.own, kDim, true);
                save(index.own, copy);
            }
    }
    CHECK(Opened(copy).status != VECQ_INTERNAL);
}
