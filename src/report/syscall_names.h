// Names of system calls of x86_64.
#pragma once

#include <cstdint>
#include <string>

namespace dtp::report {

// "openat"; of a number without a name the number.
std::string syscall_name(std::int64_t number);

}  // namespace dtp::report
