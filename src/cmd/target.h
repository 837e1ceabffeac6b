// The program that a command is about, opened: its symbols and its debug information.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cmd/compile.h"
#include "debug/info.h"
#include "debug/symbols.h"
#include "lower/target.h"

namespace dtp::cmd {

// Owns what `target` points at.
struct OpenTarget {
  std::shared_ptr<const debug::Binary> binary = {};  // -x, -k, -m with a file, or what was found
  std::shared_ptr<const debug::Binary> debug_binary = {};
  std::optional<debug::Symbols> symbols = {};  // of the running kernel
  std::optional<arch::JumpTargets> jump_targets = {};
  std::unique_ptr<debug::Info> info = {};
  lower::Target target = {};
};

// DWARF of the file given or found, else BTF, else symbols alone. Without -x, -m and -k the running kernel is meant.
Result<std::unique_ptr<OpenTarget>> open_target(const TargetOptions& options);

}  // namespace dtp::cmd
