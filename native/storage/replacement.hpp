// Atomic replacement or creation of a file.
//
// The contents go to a temporary file in the same folder, which is renamed when it is complete and
// on disk. Processes that have the old file open or mapped keep it. A replacement that is destroyed
// early removes the temporary file; it stays only if the process is killed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "storage/descriptor.hpp"

namespace vecq {

// Returns the folder, with a slash at the end.
std::string folder_of(const std::string& path);
std::string_view file_name_of(const std::string& path);

// Excludes other saves to a folder, by other processes and other threads. The system releases the
// lock when the process ends. Does nothing on file systems without locks, such as some network
// ones.
class FolderLock {
public:
    explicit FolderLock(const Descriptor& folder);
    ~FolderLock();
    FolderLock(const FolderLock&) = delete;
    FolderLock& operator=(const FolderLock&) = delete;

private:
    const Descriptor& folder_;
};

class Replacement {
public:
    // Creates the temporary file of `bytes` bytes; bytes that are never written are 0.
    Replacement(std::string path, uint64_t bytes);
    ~Replacement();
    Replacement(const Replacement&) = delete;
    Replacement& operator=(const Replacement&) = delete;

    // Writes at ascending offsets are buffered up to a whole huge page; another offset flushes
    // first.
    void write(uint64_t offset, const void* data, size_t bytes);
    // Three steps: write the contents to disk, rename the file, write its name to disk.
    void complete();
    void rename();
    void sync_folder() const;

    const std::string& path() const { return path_; }
    const Descriptor& folder() const { return folder_; }

private:
    void create();
    void flush();
    void put(uint64_t offset, const std::byte* data, size_t bytes);
    void write_back(uint64_t end);

    std::string path_, temporary_;
    Descriptor file_, folder_;  // `complete` opens the folder
    std::vector<std::byte> page_;
    uint64_t kept_ = 0, end_ = 0;      // the range of offsets that page_ buffers
    uint64_t waited_ = 0, begun_ = 0;  // offsets where write-back has finished, and has started
};

}  // namespace vecq
