// A file that takes the place of another, or of none, all at once.
//
// It is written under a name of its own in the same folder and gets the other name when it is
// complete and on disk. Whoever has the old file open or mapped keeps that. A replacement that is
// not finished leaves nothing behind, unless the process is killed: then the temporary file stays.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "storage/descriptor.hpp"

namespace vecq {

// Ends with a slash.
std::string folder_of(const std::string& path);
std::string_view file_name_of(const std::string& path);

// Keeps other saves out of a folder, those of other processes and of other threads. The system
// releases the lock when the process ends. On file systems without such locks (some network file
// systems) it does nothing.
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
    // For a file at `path` of so many bytes, 0 wherever nothing is written.
    Replacement(std::string path, uint64_t bytes);
    ~Replacement();
    Replacement(const Replacement&) = delete;
    Replacement& operator=(const Replacement&) = delete;

    // From the front to the back, but for what comes last. What a page of the largest kind holds is
    // kept until that is full.
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
    uint64_t kept_ = 0, end_ = 0;  // from where to where the page holds what was not written yet
    uint64_t waited_ = 0, begun_ = 0;  // up to where the disk has written, and was told to write
};

}  // namespace vecq
