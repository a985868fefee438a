// Writes an index to a file: its arrays, as they were when this began.
#pragma once

#include <string>
#include <vector>

#include "base/checksum.hpp"
#include "index/snapshot.hpp"
#include "storage/replacement.hpp"
#include "storage/table.hpp"

namespace vecq {

// The index is searched and changed meanwhile. If this does not come to its end, the file that was there
// before stays.
class Saving : public Task {
public:
    // The index must outlive this. Unless `overwrite` is set, the constructor or the last step throws
    // if the file at `path` has changed since the index was opened from it or saved to it.
    Saving(Index& index, const std::string& path, bool overwrite);
    Progress step() override;

    uint64_t bytes() const { return table_.sections.back().end(); }
    double pause() const { return snapshot_.pause(); }

private:
    uint64_t lay_out();
    uint64_t write_block();
    void write_table();

    Index& index_;
    const bool overwrite_;
    Snapshot snapshot_;
    Table table_{};
    uint64_t total_ = 0, done_ = 0;  // bytes of sections
    Replacement file_;
    std::vector<std::byte> block_;
    size_t section_ = 0;    // that is being written
    uint64_t written_ = 0;  // of its bytes
    Checksum sum_;
};

}  // namespace vecq
