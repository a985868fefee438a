// The header and the table of sections of a file, read with suspicion: every number is checked before
// anything is done with it.
#pragma once

#include <string>
#include <vector>

#include "storage/descriptor.hpp"
#include "storage/format.hpp"

namespace vecq {

struct Table {
    FileHeader header;
    std::vector<SectionEntry> sections;  // one behind the other, all inside the file

    // Null if there is none.
    const SectionEntry* find(SectionId id) const;
};

// Never waits, as a pipe would have us do for whoever writes to it: read_table refuses what is no file.
Descriptor open_to_read(const char* path);

// Throws Error saying what is wrong with the file.
Table read_table(const Descriptor& file);

// Fills in what follows from the sections, and the checksum.
void seal(Table& table, uint64_t file_bytes);

// The text of such a field, whatever it holds.
std::string version_of(const char (&field)[kVersionLength]);

// Reads all of it, or throws.
void read_exactly(const Descriptor& file, uint64_t offset, void* to, size_t bytes);

}  // namespace vecq
