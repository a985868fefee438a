#include "index/saving.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace vecq {
namespace {

// Bytes that are read, summed and then written, while they are in cache, and those of a step.
constexpr uint64_t kBlock = uint64_t{1} << 20, kStepBytes = uint64_t{8} << 20;
static_assert(kBlock % Checksum::kStep == 0);
static_assert(Keeper::kGroup * sizeof(uint32_t) % Checksum::kStep == 0);

// The first version of the library that knows these sections.
constexpr char kSince[kVersionLength] = "0.1.0";

}  // namespace

Saving::Saving(Index& index, const std::string& path, bool overwrite)
    : index_(index),
      overwrite_(overwrite),
      snapshot_(index),
      file_(path, lay_out()),
      block_(kBlock) {
    // Fails early where the check before the rename would fail.
    if (!overwrite) index.seen_files_.require_unchanged(path);
    std::memcpy(table_.header.library, VECQ_VERSION, sizeof VECQ_VERSION);
    std::memcpy(table_.header.needed, kSince, sizeof kSince);
}

// Returns where the file ends.
uint64_t Saving::lay_out() {
    const std::vector<Snapshot::Part>& parts = snapshot_.parts();
    uint64_t end = sizeof(FileHeader) + parts.size() * sizeof(SectionEntry);
    for (const Snapshot::Part& part : parts) {
        SectionEntry entry{};
        entry.id = part.id;
        entry.flags = part.required ? kRequired : 0;
        entry.element_bytes = part.element_bytes;
        entry.count = part.count;
        std::memcpy(entry.since, kSince, sizeof kSince);
        entry.offset = section_start(end);
        end = entry.end();
        total_ += entry.bytes();
        table_.sections.push_back(entry);
    }
    total_ += sizeof(FileHeader);  // the last thing to be done
    return end;
}

Progress Saving::step() {
    const size_t sections = table_.sections.size();
    for (uint64_t written = 0; written < kStepBytes && section_ < sections;)
        written += write_block();
    if (section_ == sections && done_ < total_) write_table();
    return {done_, total_};
}

// Of the section that is being written, or goes on to the next. Returns how much.
uint64_t Saving::write_block() {
    SectionEntry& entry = table_.sections[section_];
    const Snapshot::Part& part = snapshot_.parts()[section_];
    const uint64_t bytes = std::min(kBlock / part.unit * part.unit, entry.bytes() - written_);
    if (bytes > 0) {
        snapshot_.read(part, written_, bytes, block_.data());
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

// Last, so that no file is whole before all of it is.
void Saving::write_table() {
    seal(table_, bytes());
    file_.write(0, &table_.header, sizeof table_.header);
    file_.write(sizeof table_.header, table_.sections.data(),
                table_.sections.size() * sizeof(SectionEntry));
    file_.complete();
    index_.seen_files_.replace(file_, table_, overwrite_);
    file_.sync_folder();
    done_ = total_;
}

}  // namespace vecq
