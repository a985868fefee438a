// Entries for string ids.
#include <cstring>
#include <string_view>
#include <vector>

#include "abi/arguments.hpp"
#include "abi/fence.hpp"
#include "abi/handles.hpp"

using namespace vecq;

namespace {

// Returns `count` strings: by offsets, or each but the last followed by a 0 byte.
std::vector<std::string_view> strings_of(const char* bytes, size_t length, const int64_t* offsets,
                                         size_t count) {
    check_size(count, sizeof(std::string_view), "count");
    if (length > 0) require(bytes, "bytes");
    std::vector<std::string_view> strings;
    strings.reserve(count);
    const std::string_view all(bytes == nullptr ? "" : bytes, length);
    if (offsets != nullptr) {
        for (size_t i = 0; i < count; ++i) {
            if (offsets[i] < 0 || offsets[i + 1] < offsets[i] ||
                static_cast<uint64_t>(offsets[i + 1]) > length)
                refuse("offsets", "offsets are negative, descending or beyond the bytes at " +
                                      std::to_string(i));
            strings.push_back(all.substr(static_cast<size_t>(offsets[i]),
                                         static_cast<size_t>(offsets[i + 1] - offsets[i])));
        }
        return strings;
    }
    for (size_t at = 0; count > 0;) {
        const size_t end = all.find('\0', at);
        strings.push_back(all.substr(at, end - at));
        if (end == std::string_view::npos) break;
        at = end + 1;
    }
    if (strings.size() != count)
        refuse("ids", "ids has a string with a 0 character, which separates strings");
    return strings;
}

}  // namespace

struct vecq_strings {
    Names names = Names::make();
};

vecq_status vecq_index_set_id_type(vecq_index* index, int32_t id_type, vecq_error* error) {
    return fenced(error, [&] {
        const auto type = checked_range(static_cast<size_t>(id_type), 0, VECQ_ID_STRING, "id_type");
        require(index, "index")->index.use_names(type == VECQ_ID_STRING);
    });
}

vecq_status vecq_index_get_id_type(const vecq_index* index, int32_t* id_type, vecq_error* error) {
    return fenced(error, [&] {
        const bool named = require(index, "index")->index.has_names();
        *require(id_type, "id_type") = named ? VECQ_ID_STRING : VECQ_ID_INT64;
    });
}

vecq_status vecq_index_name_ids(vecq_index* index, const char* bytes, size_t length,
                                const int64_t* offsets, size_t count, int64_t* ids,
                                vecq_error* error) {
    return fenced(error, [&] {
        Index& own = require(index, "index")->index;
        const std::vector<std::string_view> names = strings_of(bytes, length, offsets, count);
        own.name_ids(names, checked(ids, "ids", count, sizeof *ids, "count"));
    });
}

vecq_status vecq_index_find_ids(const vecq_index* index, const char* bytes, size_t length,
                                const int64_t* offsets, size_t count, int64_t* ids,
                                uint64_t* version, vecq_error* error) {
    return fenced(error, [&] {
        const Index& own = require(index, "index")->index;
        require(version, "version");
        if (count > 0 && !own.has_names())
            refuse("ids", "ids are strings, expected numbers: the index has no string ids");
        const std::vector<std::string_view> names = strings_of(bytes, length, offsets, count);
        *version = own.find_ids(names, checked(ids, "ids", count, sizeof *ids, "count"));
    });
}

vecq_status vecq_index_names(const vecq_index* index, const int64_t* ids, size_t count,
                             uint64_t version, char* bytes, size_t capacity, int64_t* offsets,
                             size_t* length, int32_t* is_current, vecq_error* error) {
    return fenced(error, [&] {
        const Index& own = require(index, "index")->index;
        checked(ids, "ids", count, sizeof *ids, "count");
        checked(bytes, "bytes", capacity, 1, "capacity");
        require(is_current, "is_current");
        size_t& end = *require(length, "length");
        end = 0;
        const size_t separator = offsets == nullptr ? 1 : 0;
        const auto write = [&](size_t i, std::string_view name) {
            if (offsets != nullptr) offsets[i] = static_cast<int64_t>(end);
            const size_t next = end + name.size() + separator;
            if (next <= capacity) {
                std::memcpy(bytes + end, name.data(), name.size());
                if (separator != 0) bytes[next - 1] = '\0';
            }
            end = next;
        };
        *is_current = own.each_name({ids, count}, version, write) ? 1 : 0;
        if (offsets != nullptr) offsets[count] = static_cast<int64_t>(end);
    });
}

vecq_status vecq_strings_open(vecq_strings** table, vecq_error* error) {
    return fenced(error, [&] {
        vecq_strings*& opened = *require(table, "table");
        opened = new vecq_strings();
    });
}

void vecq_strings_close(vecq_strings* table) { delete table; }

vecq_status vecq_strings_number(vecq_strings* table, const char* bytes, size_t length,
                                const int64_t* offsets, size_t count, int32_t inserts,
                                int64_t* numbers, vecq_error* error) {
    return fenced(error, [&] {
        Names& names = require(table, "table")->names;
        const std::vector<std::string_view> strings = strings_of(bytes, length, offsets, count);
        checked(numbers, "numbers", count, sizeof *numbers, "count");
        if (inserts == 0) return names.find(strings, numbers);
        for (size_t i = 0; i < count; ++i) require_valid_name(strings[i], "strings", i);
        for (size_t i = 0; i < count; ++i) numbers[i] = names.insert(strings[i]);
    });
}

vecq_status vecq_strings_hash(const char* bytes, size_t length, const int64_t* offsets,
                              size_t count, uint64_t* hashes, vecq_error* error) {
    return fenced(error, [&] {
        const std::vector<std::string_view> strings = strings_of(bytes, length, offsets, count);
        checked(hashes, "hashes", count, sizeof *hashes, "count");
        for (size_t i = 0; i < count; ++i) hashes[i] = hash_string(strings[i], 0);
    });
}
