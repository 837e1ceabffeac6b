// A file that appears under its name when it is complete.
#pragma once

#include <string>

#include "base/file.h"

namespace dtp::base {

// Written under a temporary name beside it, with mode 0600. Without commit() nothing remains, and what was there before
// stays. "-" is standard output; links, and what is not a regular file, are written through.
class NewFile {
 public:
  static Result<NewFile> create(const std::string& path);
  NewFile(NewFile&& other) noexcept
      : path_(std::move(other.path_)), temporary_(std::exchange(other.temporary_, {})), fd_(std::move(other.fd_)) {}
  NewFile& operator=(NewFile&&) = delete;
  ~NewFile();

  int fd() const { return fd_.get(); }
  const std::string& path() const { return path_; }
  Result<void> commit();

 private:
  NewFile() = default;

  std::string path_ = {};
  std::string temporary_ = {};  // empty: there is none
  Fd fd_ = {};
};

}  // namespace dtp::base
