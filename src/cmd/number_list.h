// Numbers as options take them: "17,42", and of CPUs also "0-3,5".
#pragma once

#include <string_view>
#include <vector>

#include "dtracepp/error.h"

namespace dtp::cmd {

Result<std::vector<unsigned>> parse_numbers(std::string_view option, std::string_view text, bool ranges);

}  // namespace dtp::cmd
