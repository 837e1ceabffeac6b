// Files that a report is written into.
#pragma once

#include <string>

#include "base/new_file.h"
#include "report/output.h"

namespace dtp::cmd {

// Calls write(output). The file appears when it is complete.
template <class Write>
Result<void> write_file(const std::string& path, Write&& write) {
  DTP_TRY(base::NewFile file, base::NewFile::create(path));
  report::Output output(file.fd(), path);
  DTP_CHECK(write(output));
  return file.commit();
}

}  // namespace dtp::cmd
