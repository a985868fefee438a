// Writes a temporary file in whole huge pages, syncs it and renames it.
#include "storage/replacement.hpp"

#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <thread>
#include <utility>

#include "base/memory.hpp"
#include "storage/file_errors.hpp"

namespace vecq {
namespace {

constexpr size_t kMaxNameBytes = 255;
// Number of temporary names to try: files of killed processes may occupy some.
constexpr int kNames = 1000;
// Write-back starts after this many bytes.
constexpr uint64_t kWindow = uint64_t{32} << 20;

// A save holds the folder lock only while it reads a table and renames a file.
constexpr std::chrono::milliseconds kLockPause{5};
constexpr int kLockTries = 2000;

// The status of the file that is replaced; without a file, st_nlink is 0.
struct stat status_of(const std::string& path) {
    struct stat status{};
    if (stat(path.c_str(), &status) != 0) {
        if (errno != ENOENT) throw_file_error("read the status of the file");
        return {};
    }
    if (S_ISDIR(status.st_mode)) throw_file_error("replace the folder", EISDIR);
    if (!S_ISREG(status.st_mode))
        throw_file_error("replace a file that is not a regular file", EINVAL);
    return status;
}

// Gives a new file the owner, group and permissions of the one it replaces, as far as the system
// allows. The umask does not apply, because the file is not a new one to the user. If the group
// cannot be kept, the new group gets no more permissions than others have.
void inherit(const Descriptor& file, const struct stat& replaced) {
    mode_t mode = replaced.st_mode & 0777;
    const bool kept = fchown(file.get(), replaced.st_uid, replaced.st_gid) == 0 ||
                      fchown(file.get(), static_cast<uid_t>(-1), replaced.st_gid) == 0;
    if (!kept) mode = (mode & 0707) | (mode & (mode & 07) << 3);
    // Some file systems have no permissions to change.
    static_cast<void>(fchmod(file.get(), mode));
}

template <class Call>
int until_done(Call&& call) {
    int result;
    do result = call();
    while (result != 0 && errno == EINTR);
    return result;
}

bool has_no_locks(int code) {
    return code == EBADF || code == EINVAL || code == ENOLCK || code == ENOSYS ||
           code == EOPNOTSUPP;
}

}  // namespace

std::string folder_of(const std::string& path) {
    const size_t slash = path.rfind('/');
    return slash == std::string::npos ? "./" : path.substr(0, slash + 1);
}

std::string_view file_name_of(const std::string& path) {
    return std::string_view(path).substr(path.rfind('/') + 1);
}

// Tries for 10 seconds rather than wait for a process that never releases the lock.
FolderLock::FolderLock(const Descriptor& folder) : folder_(folder) {
    for (int i = 0; flock(folder.get(), LOCK_EX | LOCK_NB) != 0; ++i) {
        if (has_no_locks(errno)) return;
        if (errno == EINTR) continue;
        if (errno != EWOULDBLOCK) throw_file_error("lock the folder");
        if (i == kLockTries)
            throw_file_error("lock the folder, which another process keeps locked");
        std::this_thread::sleep_for(kLockPause);
    }
}

// Unlocks explicitly: a forked process may keep a copy of the descriptor open.
FolderLock::~FolderLock() { flock(folder_.get(), LOCK_UN); }

Replacement::Replacement(std::string path, uint64_t bytes)
    : path_(std::move(path)), page_(kHugePage) {
    if (file_name_of(path_).empty()) throw_file_error("write a file without a name", EISDIR);
    create();
    if (until_done([&] { return ftruncate(file_.get(), static_cast<off_t>(bytes)); }) == 0) return;
    const int code = errno;
    unlink(temporary_.c_str());
    throw_file_error("create a file of " + std::to_string(bytes) + " bytes", code);
}

Replacement::~Replacement() {
    if (!temporary_.empty()) unlink(temporary_.c_str());
}

void Replacement::create() {
    const struct stat replaced = status_of(path_);
    const bool replaces = replaced.st_nlink > 0;
    const mode_t mode = replaces ? replaced.st_mode & 0777 : 0666;
    for (int number = 0; number < kNames; ++number) {
        char ending[40];
        std::snprintf(ending, sizeof ending, ".%d-%d.tmp", getpid(), number);
        temporary_ = folder_of(path_);
        temporary_ += file_name_of(path_).substr(0, kMaxNameBytes - sizeof ending);
        temporary_ += ending;
        file_ = Descriptor(temporary_.c_str(), O_RDWR | O_CREAT | O_EXCL, mode);
        if (file_ || errno != EEXIST) break;
    }
    if (!file_) throw_file_error("create a temporary file in the folder");
    if (replaces) inherit(file_, replaced);
}

// Writes whole aligned huge pages: the page cache then stores them as such, mappings use them, and
// random rows miss the TLB less.
void Replacement::write(uint64_t offset, const void* data, size_t bytes) {
    if (offset != end_) {
        flush();
        kept_ = end_ = offset;
    }
    const auto* from = static_cast<const std::byte*>(data);
    while (bytes > 0) {
        const uint64_t at = end_ % kHugePage, part = std::min(bytes, kHugePage - at);
        std::memcpy(page_.data() + at, from, part);
        from += part;
        bytes -= part;
        end_ += part;
        if (at + part == kHugePage) flush();
    }
}

void Replacement::flush() {
    if (kept_ == end_) return;
    put(kept_, page_.data() + kept_ % kHugePage, end_ - kept_);
    kept_ = end_;
    write_back(end_);
}

void Replacement::put(uint64_t offset, const std::byte* data, size_t bytes) {
    for (size_t done = 0; done < bytes;) {
        const ssize_t count =
            pwrite(file_.get(), data + done, bytes - done, static_cast<off_t>(offset + done));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) throw_file_error("write the file", count < 0 ? errno : EIO);
        done += static_cast<size_t>(count);
    }
}

// Starts write-back of a window and waits for the one before. The disk works while the next bytes
// are prepared, dirty pages stay few, and the final fsync is short. fsync reports errors.
void Replacement::write_back(uint64_t end) {
    if (end < begun_ + kWindow) return;
    const auto sync = [&](uint64_t from, uint64_t to, unsigned flags) {
        sync_file_range(file_.get(), static_cast<off_t>(from), static_cast<off_t>(to - from),
                        flags);
    };
    sync(begun_, end, SYNC_FILE_RANGE_WRITE);
    if (waited_ < begun_)  // a length of 0 would mean the whole file
        sync(waited_, begun_,
             SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
    waited_ = begun_;
    begun_ = end;
}

void Replacement::complete() {
    flush();
    if (until_done([&] { return fsync(file_.get()); }) != 0)
        throw_file_error("write the file to disk");
    if (!file_.close()) throw_file_error("write the file");
    folder_ = Descriptor(folder_of(path_).c_str(), O_RDONLY | O_DIRECTORY);
    if (!folder_) throw_file_error("open the folder to sync it");
}

void Replacement::rename() {
    if (std::rename(temporary_.c_str(), path_.c_str()) != 0) throw_file_error("rename the file");
    temporary_.clear();
}

// Ignores EINVAL: file systems that need no sync of a folder return it.
void Replacement::sync_folder() const {
    if (until_done([&] { return fsync(folder_.get()); }) != 0 && errno != EINVAL)
        throw_file_error("sync the folder");
}

}  // namespace vecq
