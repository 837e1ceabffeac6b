// Owned descriptors, mappings and whole-file reads. Descriptors are closed on exec.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "dtracepp/error.h"

namespace dtp::base {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd();
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// A file mapped for reading.
class Mapping {
 public:
  Mapping() = default;
  Mapping(void* data, std::size_t size) : data_(data), size_(size) {}
  Mapping(Mapping&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping();
  std::span<const std::byte> bytes() const { return {static_cast<const std::byte*>(data_), size_}; }

 private:
  void* data_ = nullptr;
  std::size_t size_ = 0;
};

// `flags` as of open(2); O_CLOEXEC is added, created files get mode 0600.
Result<Fd> open_file(const std::string& path, int flags);
Result<Mapping> map_file(const std::string& path);
// The whole file; works for /proc and tracefs, whose sizes are not known beforehand.
Result<std::string> read_file(const std::string& path);
// Appends what is left to be read, or so much of it that `until` is in there; empty: all. Gives 0 or errno.
int read_rest(int fd, std::string& content, std::string_view until = {});
Result<void> write_all(int fd, std::string_view bytes, const std::string& path);

// "cannot open '/x': permission denied", with the status that errno means.
Error system_error(std::string_view doing, std::string_view path, int error_number);

}  // namespace dtp::base
