// Reads, validates and seals the header and section table of a file.
#include "storage/table.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cstring>

#include "base/checksum.hpp"
#include "storage/file_errors.hpp"

namespace vecq {
namespace {

uint64_t file_size(const Descriptor& file) {
    struct stat status{};
    if (fstat(file.get(), &status) != 0) throw_file_error("read the status of the file");
    if (!S_ISREG(status.st_mode))
        throw_file_error("open a file that is not a regular file", EINVAL);
    return static_cast<uint64_t>(status.st_size);
}

uint32_t checksum_of_table(FileHeader header, const std::vector<SectionEntry>& sections) {
    header.checksum = 0;
    Checksum sum;
    sum.add(&header, sizeof header);
    sum.add(sections.data(), sections.size() * sizeof(SectionEntry));
    return sum.value();
}
static_assert(sizeof(FileHeader) % Checksum::kStep == 0);

FileHeader read_header(const Descriptor& file, uint64_t size) {
    FileHeader header;
    if (size < sizeof header)
        throw_corrupt("the file is not a vecq index: it has " + std::to_string(size) +
                      " bytes, fewer than the header");
    read_exactly(file, 0, &header, sizeof header);
    if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0)
        throw_corrupt("the file is not a vecq index");
    if (header.byte_order == __builtin_bswap32(kByteOrder))
        throw Error(VECQ_UNSUPPORTED, "path",
                    "the file was written on a big-endian machine, expected a little-endian one");
    if (header.section_count > kMaxSections)
        throw_corrupt("the header names " + std::to_string(header.section_count) +
                      " sections, expected at most " + std::to_string(kMaxSections));
    return header;
}

// Throws unless the section is aligned and lies between `previous_end` and the end of the file.
void check_bounds(const SectionEntry& entry, uint64_t previous_end, uint64_t file_bytes) {
    uint64_t bytes = 0, end = 0;
    if (entry.offset % kSectionAlignment != 0 || entry.offset < previous_end ||
        __builtin_mul_overflow(entry.element_bytes, entry.count, &bytes) ||
        __builtin_add_overflow(entry.offset, bytes, &end) || end > file_bytes)
        throw_corrupt("section " + std::to_string(entry.id.kind) + "." +
                      std::to_string(entry.id.number) + " does not lie inside the file");
}

}  // namespace

const SectionEntry* Table::find(SectionId id) const {
    const auto entry = std::ranges::find(sections, id, &SectionEntry::id);
    return entry == sections.end() ? nullptr : &*entry;
}

std::string printable_version(const char (&field)[kVersionLength]) {
    std::string text(field, strnlen(field, sizeof field));
    for (char& character : text)
        if (character < ' ' || character > '~') character = '?';
    return text;
}

Descriptor open_for_reading(const char* path) {
    Descriptor file(path, O_RDONLY | O_NONBLOCK);
    if (!file) throw_file_error("open the file");
    return file;
}

Table read_table(const Descriptor& file) {
    const uint64_t size = file_size(file);
    Table table{read_header(file, size), {}};
    const FileHeader& header = table.header;
    table.sections.resize(header.section_count);
    uint64_t end = sizeof header + header.section_count * sizeof(SectionEntry);
    if (size < end) throw_corrupt("the file ends inside its table of sections");
    read_exactly(file, sizeof header, table.sections.data(), end - sizeof header);
    if (header.checksum != checksum_of_table(header, table.sections))
        throw_corrupt("header and table do not match their checksum");
    if (header.byte_order != kByteOrder) throw_corrupt("the header has no valid byte order mark");
    if (header.format != kFormatVersion)
        throw Error(VECQ_UNSUPPORTED, "path",
                    "the file has format " + std::to_string(header.format) + ", which vecq " +
                        printable_version(header.needed) + " and later can read");
    if (header.file_bytes != size)
        throw_corrupt("the file has " + std::to_string(size) + " bytes, expected " +
                      std::to_string(header.file_bytes) + ": it was truncated or overwritten");
    for (const SectionEntry& entry : table.sections) {
        check_bounds(entry, end, size);
        end = entry.end();
        if (table.find(entry.id) != &entry) throw_corrupt("the table names a section twice");
    }
    return table;
}

void seal(Table& table, uint64_t file_bytes) {
    FileHeader& header = table.header;
    std::memcpy(header.magic, kMagic, sizeof kMagic);
    header.byte_order = kByteOrder;
    header.format = kFormatVersion;
    header.file_bytes = file_bytes;
    header.section_count = static_cast<uint32_t>(table.sections.size());
    header.checksum = checksum_of_table(header, table.sections);
}

void read_exactly(const Descriptor& file, uint64_t offset, void* to, size_t bytes) {
    auto* at = static_cast<std::byte*>(to);
    while (bytes > 0) {
        const ssize_t count = pread(file.get(), at, bytes, static_cast<off_t>(offset));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) throw_file_error("read the file");
        if (count == 0) throw_corrupt("the file ended while it was read");
        at += count;
        offset += static_cast<uint64_t>(count);
        bytes -= static_cast<size_t>(count);
    }
}

}  // namespace vecq
