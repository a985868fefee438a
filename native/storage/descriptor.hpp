// An open file, closed at the end.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace vecq {

class Descriptor {
public:
    Descriptor() = default;
    // Below 0, with errno, if that fails.
    Descriptor(const char* path, int flags, mode_t mode = 0) {
        do own_ = ::open(path, flags | O_CLOEXEC, mode);
        while (own_ < 0 && errno == EINTR);
    }
    Descriptor(Descriptor&& other) noexcept : own_(std::exchange(other.own_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(own_, other.own_);
        return *this;
    }
    ~Descriptor() { close(); }

    int get() const { return own_; }
    explicit operator bool() const { return own_ >= 0; }
    // False, with errno, if what was written may be lost.
    bool close() {
        if (own_ < 0) return true;
        // Interrupted or not, Linux has closed it.
        return ::close(std::exchange(own_, -1)) == 0 || errno == EINTR;
    }

private:
    int own_ = -1;
};

}  // namespace vecq
