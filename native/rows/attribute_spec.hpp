// The kinds of attributes, and the form in which a row stores each.
//
//   float32    float; NaN is null
//   int64      int64_t; kNullInteger is null
//   datetime   int64_t, microseconds since 1970 in UTC; kNullInteger is null
//   boolean    uint8_t: 0 is null, 1 false, 2 true
//   category   uint32_t: 0 is null, otherwise 1 + the number of its text
//   tags       uint32_t: 0 is null, otherwise 1 + the number of its set of texts
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

namespace vecq {

// Stored in files: a kind keeps its number and its meaning forever.
enum class AttributeKind : uint8_t { float32, int64, datetime, boolean, category, tags };

struct AttributeSpec {
    std::string name;
    AttributeKind kind;
};

inline constexpr size_t kMaxAttributes = 40, kMaxAttributeName = 59;  // bytes of a name
inline constexpr size_t kMaxTextBytes = 65535;
inline constexpr int64_t kNullInteger = std::numeric_limits<int64_t>::min();
inline constexpr uint8_t kFalse = 1, kTrue = 2;

constexpr size_t bytes_of(AttributeKind kind) {
    switch (kind) {
        case AttributeKind::int64:
        case AttributeKind::datetime: return sizeof(int64_t);
        case AttributeKind::boolean: return sizeof(uint8_t);
        default: return sizeof(uint32_t);
    }
}

constexpr const char* name_of(AttributeKind kind) {
    constexpr const char* names[] = {"float32", "int64", "datetime", "bool", "category", "tags"};
    return names[static_cast<size_t>(kind)];
}

constexpr bool has_texts(AttributeKind kind) { return kind >= AttributeKind::category; }

}  // namespace vecq
