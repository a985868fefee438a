// String ids through the ABI: numbers, names and refused arguments.
#include <cstring>
#include <string>

#include "check.hpp"
#include "indexes.hpp"
#include "random_vector.hpp"
#include "vecq.h"

using namespace indexes;
using samples::random_vector;

namespace {

constexpr size_t kDim = 8;

struct Sample {
    Codec codec{VECQ_INT8, kDim};
    Vector vectors = random_vector(3 * kDim, 1);
    Index index{options_of(VECQ_L2), codec};
    Ids ids = Ids(3);
    uint64_t version = 0;
    vecq_error error{};

    Sample() { CHECK(vecq_index_set_id_type(index.own, VECQ_ID_STRING, nullptr) == VECQ_OK); }

    vecq_status name(const std::string& bytes, const Ids& offsets = {}) {
        return vecq_index_name_ids(index.own, bytes.data(), bytes.size(),
                                   offsets.empty() ? nullptr : offsets.data(), 3, ids.data(),
                                   &error);
    }
    std::string names(bool separated) {
        char bytes[32];
        Ids offsets(4);
        size_t length = 0;
        int32_t is_current = 0;
        CHECK(vecq_index_names(index.own, ids.data(), 3, version, bytes, sizeof bytes,
                               separated ? nullptr : offsets.data(), &length, &is_current,
                               &error) == VECQ_OK);
        CHECK(separated || offsets == Ids({0, 1, 3, 6}));
        return is_current != 0 ? std::string(bytes, length) : "other version";
    }
};

}  // namespace

TEST(abi_strings_are_numbered_and_named) {
    Sample sample;
    CHECK(sample.name("abbccc", {0, 1, 3, 6}) == VECQ_OK, sample.error.message);
    CHECK(sample.ids == Ids({0, 1, 2}));
    CHECK(sample.index.add(sample.vectors, sample.ids));
    const std::string separated("ccc\0a\0?", 7);
    CHECK(vecq_index_find_ids(sample.index.own, separated.data(), 7, nullptr, 3, sample.ids.data(),
                              &sample.version, nullptr) == VECQ_OK);
    CHECK(sample.ids == Ids({2, 0, -1}));
    sample.ids = {0, 1, 2};
    CHECK(sample.names(false) == "abbccc");
    CHECK(sample.names(true) == std::string("a\0bb\0ccc\0", 9));
    ++sample.version;
    CHECK(sample.names(true) == "other version");
    int32_t type = -1;
    CHECK(vecq_index_get_id_type(sample.index.own, &type, nullptr) == VECQ_OK);
    CHECK(type == VECQ_ID_STRING);
}

TEST(abi_string_arguments_are_checked) {
    Sample sample;
    const auto refused = [&](vecq_status status, const char* argument) {
        return status == VECQ_INVALID_ARGUMENT && std::strcmp(sample.error.argument, argument) == 0;
    };
    CHECK(refused(sample.name("abbccc", {0, 3, 2, 6}), "offsets"));
    CHECK(refused(sample.name("abbccc", {0, 1, 2, 7}), "offsets"));
    CHECK(refused(sample.name("abbccc", {-1, 1, 2, 6}), "offsets"));
    CHECK(refused(sample.name(std::string("a\0b", 3)), "ids"));
    CHECK(refused(sample.name(std::string("a\0b\0c\0d", 7)), "ids"));
    CHECK(refused(sample.name("a\xff"
                              "c",
                              {0, 1, 2, 3}),
                  "ids"));
    CHECK(refused(vecq_index_name_ids(sample.index.own, nullptr, 3, nullptr, 3, sample.ids.data(),
                                      &sample.error),
                  "bytes"));
    CHECK(refused(vecq_index_set_id_type(sample.index.own, 7, &sample.error), "id_type"));
    CHECK(refused(vecq_index_get_id_type(sample.index.own, nullptr, &sample.error), "id_type"));
    // Items need numbers of strings.
    CHECK(!sample.index.add(sample.vectors, {5, 6, 7}));
    CHECK(!sample.index.add(sample.vectors));
    CHECK(sample.name(std::string("a\0b\0c", 5)) == VECQ_OK);
    CHECK(sample.index.add(sample.vectors, sample.ids));
    CHECK(
        refused(vecq_index_set_id_type(sample.index.own, VECQ_ID_INT64, &sample.error), "id_type"));
}

TEST(abi_string_tables_number_and_hash) {
    vecq_strings* table = nullptr;
    CHECK(vecq_strings_open(&table, nullptr) == VECQ_OK);
    const std::string bytes("a\0b\0a", 5);
    Ids numbers(3);
    const auto number = [&](const std::string& text, size_t count, int32_t inserts) {
        return vecq_strings_number(table, text.data(), text.size(), nullptr, count, inserts,
                                   numbers.data(), nullptr);
    };
    CHECK(number(bytes, 3, 0) == VECQ_OK && numbers == Ids({-1, -1, -1}));
    CHECK(number(bytes, 3, 1) == VECQ_OK && numbers == Ids({0, 1, 0}));
    CHECK(number("", 1, 1) == VECQ_INVALID_ARGUMENT);
    uint64_t hashes[3] = {};
    CHECK(vecq_strings_hash(bytes.data(), bytes.size(), nullptr, 3, hashes, nullptr) == VECQ_OK);
    CHECK(hashes[0] == hashes[2] && hashes[0] != hashes[1]);
    CHECK(vecq_strings_open(nullptr, nullptr) == VECQ_INVALID_ARGUMENT);
    vecq_strings_close(table);
    vecq_strings_close(nullptr);
}
