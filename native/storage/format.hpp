// The file format: a header, a table of sections, and the sections.
//
// A section is an array in its in-memory layout and starts on a page boundary. Header and table
// have the same layout in every version. The set of sections may change: a reader skips unknown
// sections unless they have the flag kRequired.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace vecq {

// As in PNG: a non-ASCII byte, the name, and line ends that text-mode copies corrupt.
inline constexpr char kMagic[8] = {'\x89', 'V', 'E', 'C', 'Q', '\r', '\n', '\x1a'};
inline constexpr uint32_t kFormatVersion = 1;
inline constexpr uint32_t kByteOrder = 0x01020304;
inline constexpr size_t kSectionAlignment = 4096;
inline constexpr size_t kMaxSections = 256;
inline constexpr size_t kVersionLength = 16;

static_assert(std::endian::native == std::endian::little,
              "files and their arrays are little-endian");

struct FileHeader {
    char magic[8];
    uint32_t byte_order;
    uint32_t format;
    char library[kVersionLength];  // version that wrote the file; NUL-terminated
    char needed[kVersionLength];   // oldest version that can read it
    uint64_t file_bytes;
    uint32_t section_count;
    uint32_t unused;
    uint64_t checksum;  // of header and table, computed with this field 0
    unsigned char reserved[56];
};

// Flag of a section: a reader that does not know its kind must refuse the file.
inline constexpr uint32_t kRequired = 1;

struct SectionId {
    uint32_t kind;
    uint32_t number;  // among sections of this kind
    bool operator==(const SectionId&) const = default;
};

struct SectionEntry {
    SectionId id;
    uint32_t flags;
    uint32_t unused;
    uint64_t element_bytes, count;
    uint64_t offset;             // from the start of the file
    uint64_t checksum;           // of its bytes
    char since[kVersionLength];  // first version that knows the kind

    // Neither overflows: read_table() checks every entry.
    uint64_t bytes() const { return element_bytes * count; }
    uint64_t end() const { return offset + bytes(); }
};

static_assert(sizeof(FileHeader) == 128 && std::is_trivially_copyable_v<FileHeader>);
static_assert(sizeof(SectionEntry) == 64 && std::is_trivially_copyable_v<SectionEntry>);

// Returns the first section boundary at or after `end`.
constexpr uint64_t section_start(uint64_t end) {
    return (end + kSectionAlignment - 1) / kSectionAlignment * kSectionAlignment;
}

}  // namespace vecq
