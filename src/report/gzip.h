// gzip, as RFC 1952 has it.
#pragma once

#include <string>
#include <string_view>

#include "dtracepp/error.h"

namespace dtp::report {

Result<std::string> gzip(std::string_view bytes);

}  // namespace dtp::report
