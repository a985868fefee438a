#include "storage/mapped_file.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/memory.hpp"
#include "storage/failure.hpp"
#include "storage/memory_limit.hpp"

namespace vecq {
namespace {

// Younger than the headers of some systems that we are built on.
constexpr int kPopulateRead = 22, kCollapse = 25;
constexpr uint64_t kBlock = uint64_t{1} << 20;

struct Pages {
    std::byte* first;
    size_t bytes;
};

// What `bytes` from `offset` on touch; the mapping begins on a page of any size.
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
    : file_(open_to_read(path.c_str())),
      table_(read_table(file_)),
      writable_(writable),
      memory_(memory_limit()) {
    // A private mapping that nobody writes to needs no memory, so none is set aside for it.
    void* mapping = mmap(nullptr, table_.header.file_bytes, PROT_READ | (writable ? PROT_WRITE : 0),
                         writable ? MAP_PRIVATE | MAP_NORESERVE : MAP_SHARED, file_.get(), 0);
    if (mapping == MAP_FAILED) fail_to("map the file");
    bytes_ = static_cast<std::byte*>(mapping);
}

MappedFile::~MappedFile() { munmap(bytes_, table_.header.file_bytes); }

// Advice that is not taken costs nothing but speed.
void MappedFile::advise(const SectionEntry& entry, Use use) const {
    if (entry.bytes() == 0) return;
    const Pages pages = pages_of(bytes_, entry.offset, entry.bytes());
    // Otherwise the kernel reads on behind each page that it is asked for, which no walk will want.
    if (use == Use::at_random) madvise(pages.first, pages.bytes, MADV_RANDOM);
    // Then a row that is not in memory brings 2 MiB in: soon all, or all that there was is thrown out.
    if (fits(2) && pages.bytes >= kHugePage) madvise(pages.first, pages.bytes, MADV_HUGEPAGE);
}

void MappedFile::fetch(uint64_t offset, uint64_t bytes, bool lock) const {
    if (bytes == 0) return;
    // Reading has the kernel read ahead, into larger pieces of its cache than faults at random would.
    std::vector<std::byte> block(std::min(bytes, kBlock));
    for (uint64_t at = 0; at < bytes; at += kBlock)
        read_exactly(file_, offset + at, block.data(), std::min(kBlock, bytes - at));
    const Pages pages = pages_of(bytes_, offset, bytes);
    if (fits(1)) madvise(pages.first, pages.bytes, MADV_HUGEPAGE);
    if (lock && mlock(pages.first, pages.bytes) != 0) {
        // The system says that there is no memory when it means that so much may not be pinned.
        const int code = errno == ENOMEM ? EPERM : errno;
        fail_to("lock the file in memory (see ulimit -l)", code);
    }
    madvise(pages.first, pages.bytes, kCollapse);
    if (madvise(pages.first, pages.bytes, kPopulateRead) != 0) touch(pages);
}

}  // namespace vecq
