// A memory-mapped file whose sections are used in place.
//
// The kernel reads pages on first access, and processes that map the same file share them. A
// writable mapping is private: written pages are copied to this process and never reach the file.
// If another process truncates a mapped file, access to the lost pages ends this process with
// SIGBUS; the library itself replaces files and never writes to one in place.
#pragma once

#include <memory>
#include <string>

#include "storage/table.hpp"

namespace vecq {

// The access pattern of a section, a hint to the kernel.
enum class AccessPattern { random, sequential };

class MappedFile {
public:
    MappedFile(const std::string& path, bool writable);
    ~MappedFile();
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;

    const Table& table() const { return table_; }
    bool writable() const { return writable_; }
    // Reads through it see the file, not pages written through the mapping.
    const Descriptor& descriptor() const { return file_; }
    std::byte* at(const SectionEntry& entry) const { return bytes_ + entry.offset; }

    // Passes the access pattern of a section to the kernel; requests huge pages if memory allows.
    void advise(const SectionEntry& entry, AccessPattern pattern) const;
    // Loads a range of the file into memory, in huge pages if granted, and pins it if `lock`.
    // Throws Error if the system refuses to pin it.
    void preload(uint64_t offset, uint64_t bytes, bool lock) const;

private:
    // Whether `copies` copies of the file fit the memory limit.
    bool fits(uint64_t copies) const { return table_.header.file_bytes <= memory_limit_ / copies; }

    Descriptor file_;
    Table table_;
    bool writable_;
    uint64_t memory_limit_;  // bytes
    std::byte* bytes_;
};

}  // namespace vecq
