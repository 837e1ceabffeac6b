// What the kernel's parser takes and what it refuses, checked before it is asked.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "arch/arch.h"
#include "dtracepp/path.h"

namespace dtp::probe {

struct Violation {
  static constexpr std::size_t whole_event = static_cast<std::size_t>(-1);
  std::size_t argument = whole_event;  // index of the user's argument
  std::string what = {};
  std::string hint = {};
  bool is_of_type = false;  // it is the type that was asked for
  bool operator==(const Violation&) const = default;
};

// Empty: the kernel's grammar has nothing against it.
std::vector<Violation> check_limits(const path::Plan& plan, const arch::Arch& arch);

// Members of structs that are fetched whole are taken out of the plan, the last ones first, until the kernel takes the
// rest. Those that were taken out, in their order.
std::vector<path::Field> leave_out_excess(path::Plan& plan, const arch::Arch& arch);

}  // namespace dtp::probe
