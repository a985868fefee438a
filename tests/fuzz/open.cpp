// Fuzzes opening: lays out arbitrary bytes as a file and calls every entry on it, under sanitizers.
//
// An input is a file without padding between sections: header, table, contents. The fuzzer lays it
// out and recomputes the checksums, which no mutation would pass otherwise.
#include <cstdint>
#include <cstring>

#include "files.hpp"

namespace {

files::Bytes laid_out(const uint8_t* data, size_t size) {
    files::Bytes file;
    file.assign(data, data + size);
    file.resize(std::max(size, sizeof(vecq::FileHeader)));
    vecq::FileHeader& header = file.header();
    header.section_count %= 64;
    file.resize(std::max(file.size(), file.table_end()));
    const std::vector<char> contents(file.begin() + static_cast<ptrdiff_t>(file.table_end()),
                                     file.end());
    file.resize(file.table_end());
    const uint32_t count = file.header().section_count;
    for (size_t i = 0, used = 0; i < count; ++i) {
        vecq::SectionEntry& entry = file.entries()[i];
        const uint64_t wanted = entry.element_bytes * entry.count;
        const size_t given = std::min<uint64_t>(wanted, contents.size() - used);
        const uint64_t offset = vecq::section_start(file.size());
        if (entry.unused == 0) entry.offset = offset;
        file.resize(offset);
        file.insert(file.end(), contents.begin() + static_cast<ptrdiff_t>(used),
                    contents.begin() + static_cast<ptrdiff_t>(used + given));
        used += given;
    }
    vecq::FileHeader& sealed = file.header();
    std::memcpy(sealed.magic, vecq::kMagic, sizeof sealed.magic);
    sealed.byte_order = vecq::kByteOrder;
    sealed.format = vecq::kFormatVersion;
    sealed.file_bytes = file.size();
    file.seal();
    return file;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const files::Folder folder;
    static const std::string path = folder / "a.vecq", copy = folder / "b.vecq";
    laid_out(data, size).write(path);
    files::use(path, copy);
    return 0;
}
