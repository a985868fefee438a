// Names, checked against std::map; damaged tables.
#include <cstring>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "base/rng.hpp"
#include "base/status.hpp"
#include "check.hpp"
#include "rows/names.hpp"

using vecq::Array;
using vecq::Bitset;
using vecq::Names;
using vecq::NameSlot;
using vecq::Random;

namespace {

std::string random_name(Random& random) {
    std::string name("x");
    for (size_t left = random.below(40); left > 0; --left)
        name += static_cast<char>('a' + random.below(26));
    return name;
}

template <class T>
Array<T> copied(const Array<T>& from) {
    Array<T> to;
    to.resize(from.size());
    if (from.size() > 0) std::memcpy(to.data(), from.data(), from.bytes());
    return to;
}

Names::Stored stored(const Names& names) {
    return {names.seed(), names.count(), copied(names.entries()), copied(names.bytes()),
            copied(*names.slots())};
}

bool agree(const Names& names, const std::map<std::string, int64_t>& numbers) {
    for (const auto& [name, number] : numbers)
        if (names.find(name) != number || names[number] != name) return false;
    return names.count() == numbers.size();
}

template <class Body>
std::string message_of(Body&& body) {
    try {
        body();
    } catch (const vecq::Error& error) {
        return error.what();
    }
    return "";
}

}  // namespace

TEST(names_agree_with_a_map_while_they_grow_and_are_dropped) {
    Random random(1);
    Names names = Names::make();
    std::map<std::string, int64_t> numbers;
    CHECK(names.find("x") == -1);
    for (size_t round = 0; round < 20; ++round) {
        for (size_t i = 0; i < 300; ++i) {
            const std::string name = random_name(random);
            const bool is_new = !numbers.contains(name);
            const int64_t number = names.insert(name);
            CHECK(is_new || number == numbers[name], name);
            numbers[name] = number;
        }
        CHECK(agree(names, numbers), round);
        Bitset kept;
        kept.grow(names.extent());
        std::erase_if(numbers, [&](const auto& one) {
            if (random.below(2) == 0) return true;
            kept.set(static_cast<size_t>(one.second));
            return false;
        });
        const uint64_t version = names.version();
        const size_t bytes = names.bytes().size();
        names.replace(names.used(kept));
        CHECK(agree(names, numbers) && names.version() > version, round);
        CHECK(names.bytes().size() < bytes, names.bytes().size(), bytes);
    }
    CHECK(names.extent() < 1000, names.extent());  // freed numbers were taken again
}

TEST(names_are_found_in_batches_and_read_ahead) {
    Names names = Names::make();
    std::vector<std::string> texts;
    for (size_t i = 0; i < 1000; ++i) texts.push_back("item-" + std::to_string(i));
    for (const std::string& text : texts) names.insert(text);
    texts.push_back("unknown");
    texts.push_back("");
    const std::vector<std::string_view> views(texts.begin(), texts.end());
    std::vector<int64_t> found(views.size());
    names.find(views, found.data());
    for (size_t i = 0; i < 1000; ++i) CHECK(found[i] == static_cast<int64_t>(i), i, found[i]);
    CHECK(found[1000] == -1 && found[1001] == -1);
    found.back() = INT64_MAX;
    size_t next = 0;
    names.each(found, [&](size_t i, std::string_view name) {
        CHECK(i == next++ && name == (i < 1000 ? views[i] : ""), i, name);
    });
    CHECK(next == found.size());
}

TEST(a_snapshot_keeps_its_entries_while_names_are_inserted) {
    Names names = Names::make();
    for (int i = 0; i < 10; ++i) names.insert("old-" + std::to_string(i));
    Bitset kept;
    kept.grow(10);
    kept.fill(5, 10, true);
    names.replace(names.used(kept));
    CHECK(names[0].empty() && names[5] == "old-5");
    CHECK(names.insert("new", false) == 10);
    CHECK(names[0].empty());
    CHECK(names.insert("newer") < 5);
}

TEST(colliding_names_change_the_seed) {
    // All slots taken and all entries alike, as only a forged file has.
    Names forged = Names::make();
    for (int i = 0; i < 100; ++i) forged.insert("name-" + std::to_string(i));
    Names::Stored file = stored(forged);
    Array<NameSlot> full;
    full.resize(4096);
    for (size_t i = 0; i < full.size(); ++i) full[i] = {1, 7};
    file.slots = std::move(full);
    Names names;
    names.restore(std::move(file));
    CHECK(names.find("name-50") == -1);
    const uint64_t seed = names.seed();
    const int64_t added = names.insert("fresh");
    CHECK(names.seed() != seed && names.find("fresh") == added);
    CHECK(names.find("name-50") == 50);
}

TEST(damaged_tables_are_read_within_their_bounds) {
    Random random(2);
    Names good = Names::make();
    for (int i = 0; i < 200; ++i) good.insert(random_name(random));
    for (size_t round = 0; round < 300; ++round) {
        Names::Stored file = stored(good);
        for (size_t i = 0; i < 20; ++i) {
            file.entries[random.below(file.entries.size())] = random.next();
            file.slots[random.below(file.slots.size())] = {static_cast<uint32_t>(random.next()),
                                                           static_cast<uint32_t>(random.next())};
        }
        if (round % 3 == 0) file.bytes.resize(file.bytes.size() / 2);
        file.count = random.below(file.entries.size() + 1);
        Names names;
        names.restore(std::move(file));
        size_t sum = 0;
        for (int64_t number = -1; number < 300; ++number) sum += names[number].size();
        message_of([&] {
            for (int i = 0; i < 200; ++i)
                sum += static_cast<size_t>(names.insert(random_name(random)));
            Bitset all;
            all.grow(names.extent());
            all.fill(0, names.extent(), true);
            names.replace(names.used(all));
        });
        CHECK(sum > 0);
    }
}

TEST(overlapping_names_do_not_take_forever) {
    Names::Stored file{1, 1 << 16, {}, {}, {}};
    file.bytes.resize(65535);
    std::memset(file.bytes.data(), 'x', 65535);
    file.entries.resize(1 << 16);
    for (size_t i = 0; i < file.entries.size(); ++i) file.entries[i] = 65535;
    Names names;
    names.restore(std::move(file));
    CHECK(message_of([&] { names.insert("y"); }).find("overlap") != std::string::npos);
}

TEST(strings_that_are_no_ids_are_refused) {
    const auto refused = [](std::string_view name, const char* text) {
        const std::string fault = message_of([&] { vecq::require_valid_name(name, "ids", 17); });
        return fault.find(text) != std::string::npos && fault.find("at 17") != std::string::npos;
    };
    CHECK(refused("", "empty"));
    CHECK(refused(std::string_view("a\0b", 3), "0 character"));
    CHECK(refused(std::string(65536, 'a'), "65536 bytes"));
    for (const char* text : {"\xff", "a\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80",
                             "\xf4\x90\x80\x80", "12345678\x80", "\xf0\x9f\x98"})
        CHECK(refused(text, "UTF-8"), text);
    for (const char* text : {"a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xef\xbf\xbf"})
        CHECK(vecq::fault_of_name(text).empty(), text);
    CHECK(vecq::fault_of_name(std::string(65535, 'a')).empty());
}

TEST(hashes_are_the_same_for_ever) {
    CHECK(vecq::hash_string("", 0) != vecq::hash_string("a", 0));
    CHECK(vecq::hash_string("a", 0) != vecq::hash_string("a", 1));
    std::string text;
    uint64_t sum = 0;
    for (int i = 0; i < 100; ++i) sum = sum * 31 + vecq::hash_string(text += 'a' + i % 26, 5);
    CHECK(sum == 4863335431027507281U, sum);
}
