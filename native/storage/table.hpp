// The header and section table of a file; every number read is validated before it is used.
#pragma once

#include <string>
#include <vector>

#include "storage/descriptor.hpp"
#include "storage/format.hpp"

namespace vecq {

struct Table {
    FileHeader header;
    std::vector<SectionEntry> sections;  // ascending, disjoint and inside the file

    // Returns null if there is no such section.
    const SectionEntry* find(SectionId id) const;
};

// Opens without blocking, even on a FIFO without a writer; read_table() rejects irregular files.
Descriptor open_for_reading(const char* path);

// Reads and validates header and table. Throws Error that names the first defect.
Table read_table(const Descriptor& file);

// Completes the header from the sections and computes the checksum.
void seal(Table& table, uint64_t file_bytes);

// Returns the version in a field as printable ASCII; other bytes become '?'.
std::string printable_version(const char (&field)[kVersionLength]);

// Reads exactly `bytes` bytes at `offset`, or throws Error.
void read_exactly(const Descriptor& file, uint64_t offset, void* to, size_t bytes);

}  // namespace vecq
