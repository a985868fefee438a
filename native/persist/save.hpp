// Writes an index to a file during searches and changes. The file holds the state of the index at
// the start of the task; the last step replaces an existing file.
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
    // The files that the index was opened from or saved to. If one of them has changed since, it is
    // replaced only with `overwrite`.
    SeenFiles& seen;
    bool overwrite;
};

class SaveTask : public Task {
public:
    // The index must outlive the task; see Snapshot for `builder`. The constructor and the last
    // step throw if the file has changed.
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
    size_t section_ = 0;    // the section being written
    uint64_t written_ = 0;  // bytes written of that section
    Checksum sum_;
};

}  // namespace vecq
