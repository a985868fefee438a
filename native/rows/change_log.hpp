// A log of added, removed and moved rows, which filters replay instead of being built again.
// Nothing is recorded while no filter listens.
#pragma once

#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

namespace vecq {

// A slot received a new item, lost its item, or received the item that another slot held.
struct Change {
    uint32_t row;
    enum class Kind : uint8_t { added, removed, moved } kind;
    uint32_t from = 0;
};

class ChangeListener {
public:
    // Replays the changes since the last replay.
    virtual void replay_changes() const = 0;

protected:
    ~ChangeListener() = default;
};

class ChangeLog {
public:
    // Number of changes ever recorded.
    size_t count() const { return dropped_ + changes_.size(); }
    std::span<const Change> since(size_t count) const {
        return std::span(changes_).subspan(count - dropped_);
    }

    // These calls require that no search runs.
    void record(const Change& change);
    // Replays a log that is longer than `rows`, so that it stays bounded.
    void trim(size_t rows);
    // Makes all listeners replay the log, then empties it.
    void replay();
    // Replays after rows have moved. If memory runs out, `require_replayed` replays later.
    void try_to_replay() noexcept;
    // Replays if `try_to_replay` failed. Called before rows are added.
    void require_replayed();
    // Reserves memory, so that `changes` records do not fail.
    void reserve(size_t changes);

    // Allowed at any time; `add_listener` requires that no change is recorded meanwhile.
    void add_listener(const ChangeListener* listener);
    void remove_listener(const ChangeListener* listener);

private:
    std::vector<Change> changes_;
    size_t dropped_ = 0;
    bool is_behind_ = false;
    std::mutex mutex_;  // guards listeners_, and changes_ against a concurrent remove_listener
    std::vector<const ChangeListener*> listeners_;
};

}  // namespace vecq
