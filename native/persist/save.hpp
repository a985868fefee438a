// Writes an index to a file while it is searched and changed: the file holds the index as it was
// when the task began. Until the last step the file that was there stays.
#pragma once

#include <string>
#include <vector>

#include "base/checksum.hpp"
#include "base/task.hpp"
#include "persist/snapshot.hpp"
#include "storage/replacement.hpp"
#include "storage/seen_files.hpp"
#include "storage/table.hpp"

namespace vecq {

struct SaveTarget {
    std::string path;
    // The files of the index. One of them that has changed is replaced only if `overwrite` is set.
    SeenFiles& seen;
    bool overwrite;
};

class SaveTask : public Task {
public:
    // The index must outlive this; see Snapshot for `builder`. Refuses a changed file now or at the
    // end.
    SaveTask(IndexState& state, IndexLocks& locks, const std::function<BuilderState()>& builder,
             const SaveTarget& target);
    Progress step() override;

    uint64_t bytes() const { return table_.sections.back().end(); }
    double pause() const { return snapshot_.pause(); }

private:
    uint64_t lay_out();
    uint64_t write_block();
    void write_table();

    const SaveTarget target_;
    Snapshot snapshot_;
    Table table_{};
    uint64_t total_ = 0, done_ = 0;  // bytes of sections
    Replacement file_;
    std::vector<std::byte> block_;
    size_t section_ = 0;    // being written
    uint64_t written_ = 0;  // bytes of it
    Checksum sum_;
};

}  // namespace vecq
