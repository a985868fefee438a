// Maps files and steers the page cache: read-ahead, huge pages and pinning.
#include "storage/mapped_file.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/memory.hpp"
#include "storage/file_errors.hpp"
#include "storage/memory_limit.hpp"

namespace vecq {
namespace {

// MADV_POPULATE_READ and MADV_COLLAPSE, which the headers of older systems lack.
constexpr int kPopulateRead = 22, kCollapse = 25;
constexpr uint64_t kReadBytes = uint64_t{1} << 20;

struct Pages {
    std::byte* first;
    size_t bytes;
};

// Returns the pages that overlap the range; madvise needs a page-aligned start.
Pages pages_of(std::byte* mapping, uint64_t offset, uint64_t bytes) {
    static const auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
    const uint64_t from = offset / page * page;
    return {mapping + from, offset - from + bytes};
}

void touch(const Pages& pages) {
    for (size_t at = 0; at < pages.bytes; at += kSectionAlignment)
        static_cast<void>(*static_cast<const volatile std::byte*>(pages.first + at));
}

}  // namespace

MappedFile::MappedFile(const std::string& path, bool writable)
    : file_(open_for_reading(path.c_str())),
      table_(read_table(file_)),
      writable_(writable),
      memory_limit_(memory_limit()) {
    // MAP_NORESERVE: a private mapping uses memory only for pages that are written.
    void* mapping = mmap(nullptr, table_.header.file_bytes, PROT_READ | (writable ? PROT_WRITE : 0),
                         writable ? MAP_PRIVATE | MAP_NORESERVE : MAP_SHARED, file_.get(), 0);
    if (mapping == MAP_FAILED) throw_file_error("map the file");
    bytes_ = static_cast<std::byte*>(mapping);
}

MappedFile::~MappedFile() { munmap(bytes_, table_.header.file_bytes); }

// Ignores failures: a rejected hint costs only speed.
void MappedFile::advise(const SectionEntry& entry, AccessPattern pattern) const {
    if (entry.bytes() == 0) return;
    const Pages pages = pages_of(bytes_, entry.offset, entry.bytes());
    // Disables read-ahead, which a walk does not use.
    if (pattern == AccessPattern::random) madvise(pages.first, pages.bytes, MADV_RANDOM);
    // Every fault of a huge page reads 2 MiB, which evicts pages in use if memory is short; only
    // files of at most half the memory limit get them.
    if (fits(2) && pages.bytes >= kHugePage) madvise(pages.first, pages.bytes, MADV_HUGEPAGE);
}

void MappedFile::preload(uint64_t offset, uint64_t bytes, bool lock) const {
    if (bytes == 0) return;
    // Sequential reads trigger read-ahead into larger page cache folios than random faults would.
    std::vector<std::byte> buffer(std::min(bytes, kReadBytes));
    for (uint64_t at = 0; at < bytes; at += kReadBytes)
        read_exactly(file_, offset + at, buffer.data(), std::min(kReadBytes, bytes - at));
    const Pages pages = pages_of(bytes_, offset, bytes);
    if (fits(1)) madvise(pages.first, pages.bytes, MADV_HUGEPAGE);
    if (lock && mlock(pages.first, pages.bytes) != 0) {
        // mlock reports ENOMEM if the range exceeds RLIMIT_MEMLOCK.
        const int code = errno == ENOMEM ? EPERM : errno;
        throw_file_error("lock the file in memory (see ulimit -l)", code);
    }
    madvise(pages.first, pages.bytes, kCollapse);
    if (madvise(pages.first, pages.bytes, kPopulateRead) != 0) touch(pages);
}

}  // namespace vecq
