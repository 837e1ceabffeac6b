// The error of a word of the command line.
#pragma once

#include <string>
#include <utility>

#include "dtracepp/error.h"

namespace dtp::cmd {

// All of what was typed for an option, or as an argument, cannot be right.
inline Error wrong_word(std::string label, const std::string& typed, std::string what, std::string hint = {}) {
  return {.what = std::move(what),
          .where = Where{std::move(label), typed, {0, typed.size()}},
          .hint = std::move(hint),
          .status = Status::wrong_request};
}

}  // namespace dtp::cmd
