// What became of rows since filters were prepared: filters replay it instead of being built again.
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
    // Replays the changes since it last did.
    virtual void replay_changes() const = 0;

protected:
    ~ChangeListener() = default;
};

class ChangeLog {
public:
    // The number of changes ever recorded.
    size_t count() const { return dropped_ + changes_.size(); }
    std::span<const Change> since(size_t count) const {
        return std::span(changes_).subspan(count - dropped_);
    }

    // These need that no search runs.
    void record(const Change& change);
    // Replays a log that is longer than `rows`, so that it stays bounded.
    void trim(size_t rows);
    // Has all listeners replay the log and empties it.
    void replay();
    // After rows moved: replays before others are added. Without memory for that,
    // `require_replayed` does it later.
    void try_to_replay() noexcept;
    void require_replayed();
    // After this, `changes` records do not fail.
    void reserve(size_t changes);

    // Any time. A listener is added while nothing is recorded.
    void add_listener(const ChangeListener* listener);
    void remove_listener(const ChangeListener* listener);

private:
    std::vector<Change> changes_;
    size_t dropped_ = 0;
    bool is_behind_ = false;
    std::mutex mutex_;  // guards listeners_, and changes_ against a listener that leaves
    std::vector<const ChangeListener*> listeners_;
};

}  // namespace vecq
