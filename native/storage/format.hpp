// A file: a header, a table of sections, and the sections, each an array as it lies in memory, on a page
// of its own. Header and table look like this in every version; what sections there are changes, and
// a reader skips those that it does not know unless they are marked as required.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace vecq {

// A byte that is no text, a name, and the line ends that careless copies mangle.
inline constexpr char kMagic[8] = {'\x89', 'V', 'E', 'C', 'Q', '\r', '\n', '\x1a'};
inline constexpr uint32_t kFormatVersion = 1;
inline constexpr uint32_t kByteOrder = 0x01020304;
inline constexpr size_t kSectionAlignment = 4096;
inline constexpr size_t kMostSections = 256;
inline constexpr size_t kVersionLength = 16;

static_assert(std::endian::native == std::endian::little,
              "files and their arrays are little-endian");

struct FileHeader {
    char magic[8];
    uint32_t byte_order;
    uint32_t format;
    char library[kVersionLength];  // that wrote the file; ends with a zero
    char needed[kVersionLength];   // the oldest that can read it
    uint64_t file_bytes;
    uint32_t section_count;
    uint32_t unused;
    uint64_t checksum;  // of header and table, taken while this is 0
    unsigned char reserved[56];
};

inline constexpr uint32_t kRequired =
    1;  // a flag: a reader that does not know the kind must refuse

struct SectionId {
    uint32_t kind;
    uint32_t number;  // among sections of that kind
    bool operator==(const SectionId&) const = default;
};

struct SectionEntry {
    SectionId id;
    uint32_t flags;
    uint32_t unused;
    uint64_t element_bytes, count;
    uint64_t offset;             // from the start of the file
    uint64_t checksum;           // of its bytes
    char since[kVersionLength];  // the first version of the library that knows the kind

    // The table is read with care: these do not overflow.
    uint64_t bytes() const { return element_bytes * count; }
    uint64_t end() const { return offset + bytes(); }
};

static_assert(sizeof(FileHeader) == 128 && std::is_trivially_copyable_v<FileHeader>);
static_assert(sizeof(SectionEntry) == 64 && std::is_trivially_copyable_v<SectionEntry>);

constexpr uint64_t section_start(uint64_t end) {
    return (end + kSectionAlignment - 1) / kSectionAlignment * kSectionAlignment;
}

}  // namespace vecq
