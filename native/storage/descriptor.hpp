// An open file descriptor, closed by its destructor.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace vecq {

class Descriptor {
public:
    Descriptor() = default;
    // On failure the descriptor is invalid and errno is set.
    Descriptor(const char* path, int flags, mode_t mode = 0) {
        do fd_ = ::open(path, flags | O_CLOEXEC, mode);
        while (fd_ < 0 && errno == EINTR);
    }
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Descriptor() { close(); }

    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }
    // Returns false and sets errno if written data may be lost. Does nothing if already closed.
    bool close() {
        if (fd_ < 0) return true;
        // Interrupted or not, Linux has closed it.
        return ::close(std::exchange(fd_, -1)) == 0 || errno == EINTR;
    }

private:
    int fd_ = -1;
};

}  // namespace vecq
