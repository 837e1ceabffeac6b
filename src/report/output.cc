#include "report/output.h"

#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "base/file.h"

namespace dtp::report {

Result<void> Output::flush() {
  std::string_view left = buffer_;
  while (!left.empty()) {
    const ssize_t put = ::write(fd_, left.data(), left.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) {
      reader_left_ = errno == EPIPE;
      buffer_.clear();
      return fail(base::system_error("cannot write", name_, errno));
    }
    left.remove_prefix(static_cast<std::size_t>(put));
  }
  buffer_.clear();
  return {};
}

}  // namespace dtp::report
