// A file in the address space. Sections are used where they lie; pages come from the disk when they are
// first touched, and processes that map the same file share them.
//
// A writable mapping is private: what is written to stays in this process's memory, a page at a time, and
// the file is not touched. A file that somebody makes shorter while it is mapped ends the process by
// SIGBUS at the next touch of what is gone; the library itself never writes to a file that is in place.
#pragma once

#include <memory>
#include <string>

#include "storage/table.hpp"

namespace vecq {

// How a section will be read, as the kernel is told.
enum class Use { at_random, nearby };

class MappedFile {
public:
    MappedFile(const std::string& path, bool writable);
    ~MappedFile();
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;

    const Table& table() const { return table_; }
    bool writable() const { return writable_; }
    // To read what the file holds, whatever was written to the mapping.
    const Descriptor& descriptor() const { return file_; }
    std::byte* at(const SectionEntry& entry) const { return bytes_ + entry.offset; }

    void advise(const SectionEntry& entry, Use use) const;
    // Brings a part of the file into memory, in huge pages where those are granted; pins it if asked to.
    void fetch(uint64_t offset, uint64_t bytes, bool lock) const;

private:
    // Whether memory holds the file so many times.
    bool fits(uint64_t times) const { return table_.header.file_bytes <= memory_ / times; }

    Descriptor file_;
    Table table_;
    bool writable_;
    uint64_t memory_;
    std::byte* bytes_;
};

}  // namespace vecq
