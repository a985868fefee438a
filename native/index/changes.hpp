// What became of rows since filters were prepared. Nothing is kept when there are none.
#pragma once

#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

namespace vecq {

class Filter;

// A slot holds a new item, none, or the one that another slot held.
struct Change {
    uint32_t row;
    enum class Kind : uint8_t { added, removed, moved } kind;
    uint32_t from = 0;
};

class Changes {
public:
    // How many there ever were.
    size_t count() const { return dropped_ + log_.size(); }
    std::span<const Change> since(size_t count) const {
        return std::span(log_).subspan(count - dropped_);
    }

    // While nobody searches. `rows`: so many there are; a longer list is brought to the filters.
    void note(const Change& change);
    void catch_up(size_t rows);
    void bring_up();
    // When rows went to other places, which has to come before others are added. If there is no memory for
    // it now, `require_brought_up` has it come later.
    void try_to_bring_up() noexcept;
    void require_brought_up();
    // After this, so many notes do not fail.
    void reserve(size_t notes);

    // At any time, but one begins to watch while nothing is noted.
    void watch(const Filter* filter);
    void leave(const Filter* filter);

private:
    std::vector<Change> log_;
    size_t dropped_ = 0;
    bool behind_ = false;
    std::mutex watching_;
    std::vector<const Filter*> filters_;
};

}  // namespace vecq
