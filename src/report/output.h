// Where reports write to: a descriptor with a buffer in front of it.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "dtracepp/error.h"

namespace dtp::report {

class Output {
 public:
  explicit Output(int fd, std::string name = "standard output") : fd_(fd), name_(std::move(name)) {}

  // Reports append here and call line_done() after each line.
  std::string& buffer() { return buffer_; }
  Result<void> line_done() { return buffer_.size() >= full_bytes ? flush() : Result<void>{}; }
  Result<void> flush();
  // The reader has gone (| head): flush() failed for that reason, which is nobody's fault.
  bool reader_left() const { return reader_left_; }

 private:
  static constexpr std::size_t full_bytes = 64 * 1024;
  int fd_ = -1;  // not owned
  std::string name_;
  std::string buffer_ = {};
  bool reader_left_ = false;
};

}  // namespace dtp::report
