// IdMap, checked against std::map; in-place permutations; growing arrays.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <new>
#include <numeric>
#include <string>
#include <vector>

#include "base/array.hpp"
#include "base/rng.hpp"
#include "base/status.hpp"
#include "check.hpp"
#include "rows/id_map.hpp"
#include "base/permute.hpp"

using vecq::Array;
using vecq::IdMap;
using vecq::Random;

namespace {

using Numbers = std::vector<int64_t>;
using Order = std::vector<uint32_t>;

constexpr int64_t kLowest = INT64_MIN, kHighest = INT64_MAX;

Order random_order(Random& random, size_t count) {
    Order order(count);
    std::iota(order.begin(), order.end(), 0U);
    for (size_t i = count; i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
    return order;
}

Numbers reordered(const Numbers& numbers, const Order& order) {
    Numbers out;
    for (const uint32_t from : order) out.push_back(numbers[from]);
    return out;
}

// An IdMap and a std::map that must agree.
struct Pair {
    IdMap ids;
    std::map<int64_t, size_t> rows;
    Numbers list;

    bool agree() const {
        bool same = ids.size() == list.size();
        for (size_t i = 0; same && i < list.size(); ++i) same = ids[i] == list[i];
        return same && rows.size() == list.size();
    }
    void insert(const Numbers& more) {
        for (const int64_t id : more) {
            rows[id] = list.size();
            list.push_back(id);
        }
    }
    // Appends ids. Returns whether IdMap accepted or refused them as expected.
    bool append(const Numbers& more, size_t number) {
        std::map<int64_t, size_t> all = rows;
        size_t taken = 0;
        while (taken < more.size() && all.emplace(more[taken], 0).second) ++taken;
        try {
            ids.append(more, number);
        } catch (const vecq::Error& error) {
            const std::string message = error.what();
            return taken < more.size() && agree() && error.argument() == "ids" &&
                   message.find("has " + std::to_string(more[taken]) + " in row " +
                                std::to_string(number + taken) + ",") != std::string::npos;
        }
        insert(more);
        return taken == more.size() && agree();
    }
    bool append_next(size_t count) {
        int64_t largest =
            list.empty() ? -1 : std::max<int64_t>(-1, *std::ranges::max_element(list));
        const bool possible =
            count <= static_cast<size_t>(kHighest - std::max<int64_t>(largest, 0));
        try {
            ids.append_next(count);
        } catch (const vecq::Error& error) {
            return !possible && error.argument() == "ids" && agree();
        }
        Numbers more;
        for (size_t i = 0; i < count; ++i) more.push_back(++largest);
        insert(more);
        return possible && agree();
    }
    void truncate(size_t count) {
        for (size_t i = count; i < list.size(); ++i) rows.erase(list[i]);
        list.resize(count);
        ids.truncate(count);
    }
    void permute(size_t first, const Order& order) {
        const Numbers tail(list.begin() + static_cast<ptrdiff_t>(first), list.end());
        list.resize(first);
        insert(reordered(tail, order));
        ids.permute(first, vecq::Permutation(order));
    }
};

}  // namespace

TEST(ids_agree_with_a_map) {
    for (uint64_t seed = 0; seed < 20; ++seed) {
        Random random(seed);
        Pair pair;
        for (int step = 0; step < 200; ++step) {
            const size_t size = pair.list.size();
            Numbers more(random.below(20));
            // A small range, so that ids repeat, also within a list.
            for (int64_t& id : more) id = static_cast<int64_t>(random.below(4000)) - 1000;
            switch (random.below(5)) {
                case 0: CHECK(pair.append_next(random.below(20)), seed, step); break;
                case 1: pair.truncate(size - random.below(std::min<size_t>(size, 30) + 1)); break;
                case 2: {
                    const size_t count = random.below(size + 1);
                    pair.permute(size - count, random_order(random, count));
                    break;
                }
                default: CHECK(pair.append(more, 100), seed, step); break;
            }
            CHECK(pair.agree(), seed, step);
        }
        for (const int64_t id : Numbers(pair.list)) CHECK(pair.append({5000, id}, 7), seed, id);
    }
}

TEST(ids_are_refused_twice) {
    Pair pair;
    CHECK(pair.append({5, 6, 7}, 0));
    CHECK(pair.append({8, 9, 8}, 10) && pair.append({8, 6}, 3) && pair.list.size() == 3);
    CHECK(pair.append({8, 9}, 0));  // a refused list takes no id
    CHECK(pair.append_next(3) && pair.list.back() == 12);
    CHECK(pair.append({12}, 0) && pair.append({13, 12}, 0) && pair.list.size() == 8);
    pair.truncate(4);  // 5 to 8 are left
    CHECK(pair.append({8}, 0) && pair.list.size() == 4);
    CHECK(pair.append({12, 9}, 0) && pair.list.size() == 6);
    CHECK(pair.append({}, 0) && pair.append_next(0) && pair.list.size() == 6);
    pair.truncate(0);
    CHECK(pair.append_next(2) && pair.list.front() == 0);
}

TEST(ids_are_any_int64) {
    Pair pair;
    CHECK(pair.append({kLowest, -1, 0}, 0));
    CHECK(pair.append_next(1) && pair.list.back() == 1);
    CHECK(pair.append({kHighest - 2}, 0) && pair.append_next(1) &&
          pair.list.back() == kHighest - 1);
    CHECK(pair.append_next(2) && pair.list.back() == kHighest - 1);  // refused
    CHECK(pair.append_next(1) && pair.list.back() == kHighest);
    CHECK(pair.append_next(1) && pair.append_next(0) && pair.list.size() == 7);
    for (const int64_t id : {kLowest, int64_t{-1}, kHighest}) CHECK(pair.append({id}, 0), id);
    CHECK(pair.list.size() == 7);
    pair.truncate(1);
    CHECK(pair.append_next(1) && pair.list.back() == 0);  // negative ids do not count
}

// Ids that differ in few bits or only in high bits.
TEST(ids_of_any_pattern) {
    for (const int shift : {0, 8, 20, 31, 32, 40, 48})
        for (const bool falling : {false, true}) {
            Pair pair;
            Numbers all;
            for (int64_t i = 0; i < 1000; ++i)
                all.push_back((falling ? -i : i) * (int64_t{1} << shift));
            CHECK(pair.append(all, 0), shift);
            CHECK(pair.append({1, all[999]}, 0) && pair.append({all[0]}, 0), shift);
            CHECK(pair.list.size() == 1000, shift);
        }
}

// Small ids are their own slots; a single larger one changes the lookup of all until it is removed.
TEST(ids_are_found_in_direct_or_hashed_slots) {
    Numbers numbers(100);
    std::iota(numbers.rbegin(), numbers.rend(), int64_t{3});
    IdMap ids;
    ids.append(numbers, 0);
    const auto all_found = [&](size_t rows) {
        ids.prepare();
        for (size_t row = 0; row < rows; ++row) CHECK(ids.find(ids[row]) == row, rows, row);
        for (const int64_t id :
             {int64_t{0}, int64_t{2}, int64_t{103}, int64_t{255}, int64_t{256}, int64_t{257},
              int64_t{1} << 32, int64_t{-1}, kLowest, kHighest - 1})
            CHECK(ids.find(id) == vecq::kNoRow, rows, id);
    };
    all_found(100);
    for (const int64_t far : {kHighest, int64_t{-7}, int64_t{1000}}) {
        ids.append(Numbers{far}, 0);
        all_found(101);
        ids.truncate(100);
        all_found(100);
    }
    ids.prepare_changes();
    ids.erase(40);
    CHECK(ids.find(numbers[40]) == vecq::kNoRow && ids.find(numbers[41]) == 41);
    ids.move_last(40);
    CHECK(ids.find(numbers[99]) == 40 && ids.find(numbers[98]) == 98);
}

TEST(permute_produces_any_order) {
    Order order(5);
    std::iota(order.begin(), order.end(), 0U);
    const Numbers numbers = {10, 11, 12, 13, 14};
    size_t orders = 0;
    do {
        Numbers moved = numbers;
        vecq::Permutation(order).apply(moved.data());
        CHECK(moved == reordered(numbers, order), orders);
        ++orders;
    } while (std::ranges::next_permutation(order).found);
    CHECK(orders == 120, orders);
    Random random(3);
    for (const size_t count : {0, 1, 2, 3, 64, 65, 1000})
        for (int round = 0; round < 10; ++round) {
            Numbers many(count);
            for (int64_t& number : many) number = static_cast<int64_t>(random.next());
            const Order any = random_order(random, count);
            Numbers moved = many;
            vecq::Permutation(any).apply(moved.data());
            CHECK(moved == reordered(many, any), count);
        }
}

// Elements wider than the prefetched bytes, and as narrow as a byte.
TEST(permute_moves_elements_of_any_width) {
    Random random(4);
    for (const size_t bytes : {1, 3, 64, 129, 777}) {
        const size_t count = 100;
        std::vector<std::byte> elements(count * bytes);
        for (std::byte& byte : elements) byte = static_cast<std::byte>(random.below(256));
        const std::vector<std::byte> before = elements;
        const Order order = random_order(random, count);
        vecq::Permutation(order).apply(elements.data(), bytes);
        for (size_t i = 0; i < count; ++i)
            CHECK(std::memcmp(&elements[i * bytes], &before[order[i] * bytes], bytes) == 0, bytes,
                  i);
    }
}

TEST(array_keeps_its_elements_when_it_grows) {
    struct Twelve {
        uint32_t parts[3];
    };
    Array<Twelve> array;
    CHECK(array.size() == 0 && array.bytes() == 0);
    for (uint32_t i = 0; i < 300'000; ++i) {  // grows into huge pages
        array.resize(i + 1);
        CHECK((array[i].parts[0] | array[i].parts[1] | array[i].parts[2]) == 0, i);
        array[i] = {{i, ~i, i * 7}};
    }
    CHECK(vecq::is_line_aligned(array.data()) && array.bytes() >= 300'000 * sizeof(Twelve));
    CHECK(array.bytes() < 2 * 300'000 * sizeof(Twelve), array.bytes());
    size_t kept = 0;
    for (uint32_t i = 0; i < 300'000; ++i)
        kept += array[i].parts[0] == i && array[i].parts[1] == ~i && array[i].parts[2] == i * 7;
    CHECK(kept == 300'000, kept);
}

TEST(array_zeroes_new_elements) {
    Array<int64_t> array;
    array.reserve(10);
    const int64_t* place = array.data();
    array.resize(10);
    CHECK(array.data() == place && array.bytes() == 10 * sizeof(int64_t));
    array.resize(0);
    for (const size_t count : {10, 3, 7, 0, 10, 500, 20, 501}) {
        const size_t before = std::min(array.size(), count);
        array.resize(count);
        CHECK(std::all_of(array.data() + before, array.data() + count,
                          [](int64_t value) { return value == 0; }),
              count);
        CHECK(std::all_of(array.data(), array.data() + before,
                          [](int64_t value) { return value == -1; }),
              count);
        std::fill_n(array.data(), count, -1);
    }
    const size_t bytes = array.bytes();
    array.reserve(5);  // capacity suffices
    CHECK(array.bytes() == bytes && array.size() == 501);
    for (const size_t count : {SIZE_MAX, SIZE_MAX / 8 + 2, SIZE_MAX / 16 + 1}) {
        bool refused = false;
        try {
            array.resize(count);
        } catch (const std::bad_alloc&) {
            refused = true;
        }
        CHECK(refused && array.size() == 501 && array[500] == -1, count);
    }
}

TEST(ids_are_not_found_in_an_empty_map) {
    const IdMap ids;
    ids.prepare();
    for (const int64_t id : {int64_t{0}, int64_t{-1}, kLowest, kHighest})
        CHECK(ids.find(id) == vecq::kNoRow, id);
}

TEST(arrays_borrow_memory_until_they_grow) {
    const auto owner = std::make_shared<Numbers>(Numbers{1, 2, 3});
    Array<int64_t> grown(owner, owner->data(), 3), copied(owner, owner->data(), 3);
    CHECK(owner.use_count() == 3 && grown.data() == owner->data() && grown.size() == 3);
    grown.resize(2);
    grown.resize(3);  // in place
    CHECK(grown.data() == owner->data() && *owner == Numbers({1, 2, 0}));
    grown.resize(4);
    copied.detach();
    CHECK(owner.use_count() == 1);
    *owner = {7, 7, 7};
    CHECK(grown.size() == 4 && grown[1] == 2 && grown[3] == 0 && copied[1] == 2);
    copied.detach();
    CHECK(copied.size() == 3);
}
