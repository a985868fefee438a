// Writes a snapshot to a replacement file, block by block.
#include "persist/save.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <utility>

namespace vecq {
namespace {

// A block is copied, checksummed and written while it is in cache; a step writes several.
constexpr uint64_t kBlock = uint64_t{1} << 20, kStepBytes = uint64_t{8} << 20;
static_assert(kBlock % Checksum::kStep == 0);
static_assert(ListSnapshot::kGroup * sizeof(uint32_t) % Checksum::kStep == 0);

// Returns the later of two versions.
const char* later(const char* one, const char* other) {
    int a[3] = {}, b[3] = {};
    std::sscanf(one, "%d.%d.%d", &a[0], &a[1], &a[2]);
    std::sscanf(other, "%d.%d.%d", &b[0], &b[1], &b[2]);
    return std::ranges::lexicographical_compare(a, b) ? other : one;
}

}  // namespace

SaveTask::SaveTask(IndexState& state, IndexLocks& locks,
                   const std::function<BuilderState()>& builder, const SaveTarget& target)
    : target_(target),
      snapshot_(state, locks, builder),
      file_(target.path, lay_out()),
      block_(kBlock) {
    // Fails early: the same check at the end would waste the whole save.
    if (!target.overwrite) target.seen.require_unchanged(target.path);
    std::memcpy(table_.header.library, VECQ_VERSION, sizeof VECQ_VERSION);
    for (const SectionEntry& entry : table_.sections)
        if ((entry.flags & kRequired) != 0)
            std::memcpy(table_.header.needed, later(table_.header.needed, entry.since),
                        kVersionLength);
}

// Returns the end of the file.
uint64_t SaveTask::lay_out() {
    const std::vector<Snapshot::Section>& sections = snapshot_.sections();
    uint64_t end = sizeof(FileHeader) + sections.size() * sizeof(SectionEntry);
    for (const Snapshot::Section& section : sections) {
        SectionEntry entry{};
        entry.id = section.id;
        entry.flags = section.is_required ? kRequired : 0;
        entry.element_bytes = section.element_bytes;
        entry.count = section.count;
        std::strncpy(entry.since, section.since, kVersionLength - 1);
        entry.offset = section_start(end);
        end = entry.end();
        total_ += entry.bytes();
        table_.sections.push_back(entry);
    }
    total_ += sizeof(FileHeader);  // the last step
    return end;
}

Progress SaveTask::step() {
    const size_t sections = table_.sections.size();
    for (uint64_t written = 0; written < kStepBytes && section_ < sections;)
        written += write_block();
    if (section_ == sections && done_ < total_) write_table();
    return {done_, total_};
}

// Writes the next block of the current section and returns its number of bytes.
uint64_t SaveTask::write_block() {
    SectionEntry& entry = table_.sections[section_];
    const Snapshot::Section& section = snapshot_.sections()[section_];
    const uint64_t bytes = std::min(kBlock / section.unit * section.unit, entry.bytes() - written_);
    if (bytes > 0) {
        snapshot_.read(section, written_, bytes, block_.data());
        sum_.add(block_.data(), bytes);
        file_.write(entry.offset + written_, block_.data(), bytes);
    }
    written_ += bytes;
    done_ += bytes;
    if (written_ == entry.bytes()) {
        entry.checksum = std::exchange(sum_, {}).value();
        written_ = 0;
        ++section_;
    }
    return bytes;
}

// Called last, so that an unfinished file is never valid.
void SaveTask::write_table() {
    seal(table_, bytes());
    file_.write(0, &table_.header, sizeof table_.header);
    file_.write(sizeof table_.header, table_.sections.data(),
                table_.sections.size() * sizeof(SectionEntry));
    file_.complete();
    target_.seen.replace(file_, table_, target_.overwrite);
    file_.sync_folder();
    done_ = total_;
}

}  // namespace vecq
