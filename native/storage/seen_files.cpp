// Remembers hashes of section tables by folder and file name.
#include "storage/seen_files.hpp"

#include <sys/stat.h>

#include <cstdlib>
#include <memory>

#include "storage/file_errors.hpp"

namespace vecq {
namespace {

// FNV-1a.
uint64_t hash_of(uint64_t hash, const void* data, size_t bytes) {
    const auto* at = static_cast<const unsigned char*>(data);
    for (size_t i = 0; i < bytes; ++i) hash = (hash ^ at[i]) * 0x100000001b3U;
    return hash;
}

uint64_t hash_of(const Table& table) {
    const uint64_t hash = hash_of(0xcbf29ce484222325U, &table.header, sizeof table.header);
    return hash_of(hash, table.sections.data(), table.sections.size() * sizeof(SectionEntry));
}

// Returns nothing if this release cannot read the file: then it differs from every file seen.
std::optional<uint64_t> hash_of(const Descriptor& file) {
    try {
        return hash_of(read_table(file));
    } catch (const Error& error) {
        if (error.status() != VECQ_CORRUPT_FILE && error.status() != VECQ_UNSUPPORTED) throw;
        return std::nullopt;
    }
}

void require_table(const std::string& path, uint64_t seen) {
    const Descriptor file(path.c_str(), O_RDONLY | O_NONBLOCK);
    if (!file && errno == ENOENT) return;
    if (!file) throw_file_error("open the file to check whether it has changed");
    if (hash_of(file) == seen) return;
    throw Error(
        VECQ_CHANGED_FILE, "path",
        "the file has changed since this index was opened from it or saved to it, and a save "
        "would lose those changes: open the file again, or replace it with overwrite=True");
}

}  // namespace

SeenFiles::Name SeenFiles::name_of(const std::string& path) {
    struct stat folder{};
    if (stat(folder_of(path).c_str(), &folder) != 0)
        throw_file_error("read the status of the folder");
    return {folder.st_dev, folder.st_ino, std::string(file_name_of(path))};
}

// Ignores files without a path, such as deleted ones: no save can overwrite them.
void SeenFiles::note_opened(const std::string& path, const Table& table) {
    const std::unique_ptr<char, decltype(&std::free)> real(realpath(path.c_str(), nullptr),
                                                           &std::free);
    if (real != nullptr) tables_[name_of(real.get())] = hash_of(table);
}

void SeenFiles::require_unchanged(const std::string& path) const {
    const auto seen = tables_.find(name_of(path));
    if (seen != tables_.end() && seen->second) require_table(path, *seen->second);
}

void SeenFiles::replace(Replacement& file, const Table& table, bool overwrite) {
    // Inserts the entry first, so that nothing can fail after the rename.
    std::optional<uint64_t>& seen = tables_[name_of(file.path())];
    const FolderLock lock(file.folder());
    if (!overwrite && seen) require_table(file.path(), *seen);
    file.rename();
    seen = hash_of(table);
}

}  // namespace vecq
