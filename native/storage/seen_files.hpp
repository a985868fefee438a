// The files that an index was opened from or saved to, with their contents at that time. A save
// over one of them is refused if the file has changed since: changes of another writer would be
// lost.
//
// The key of a file is its folder and name, because every save gives it a new inode. Its version is
// a hash of its header and table, which hold the checksums of all sections. A counter or a random
// stamp would make two files of the same index differ, and would not protect files of older
// releases.
//
// Not locked: only an index's constructor and its one running save use it.
#pragma once

#include <sys/types.h>

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "storage/replacement.hpp"
#include "storage/table.hpp"

namespace vecq {

class SeenFiles {
public:
    // Records that the file at `path`, which may be a symbolic link, was opened with this table.
    void note_opened(const std::string& path, const Table& table);
    // Throws Error if the file at `path` was seen and its contents have changed.
    void require_unchanged(const std::string& path) const;
    // Renames a complete file to its path. Unless `overwrite` is set, first throws if the replaced
    // file has changed. The folder lock excludes other saves between check and rename.
    void replace(Replacement& file, const Table& table, bool overwrite);

private:
    struct Name {
        dev_t device;
        ino_t folder;
        std::string name;
        auto operator<=>(const Name&) const = default;
    };
    static Name name_of(const std::string& path);

    // Hashes of tables. An empty one belongs to a failed save: the file was not seen.
    std::map<Name, std::optional<uint64_t>> tables_;
};

}  // namespace vecq
