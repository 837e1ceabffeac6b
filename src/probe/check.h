// What the kernel's parser takes and what it refuses, checked before it is asked.
// kernel/trace/trace_probe.h: MAX_TRACE_ARGS, MAX_ARGSTR_LEN, MAX_ARG_NAME_LEN, FETCH_INSN_MAX, MAX_PROBE_EVENT_SIZE.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "arch/arch.h"
#include "dtracepp/path.h"

namespace dtp::probe {

inline constexpr std::size_t most_arguments = 128;
inline constexpr std::size_t longest_argument = 63;  // bytes of FETCH:TYPE
inline constexpr std::size_t longest_name = 32;      // of an argument
inline constexpr std::size_t longest_event = 63;     // of an event and of a group
inline constexpr std::size_t deepest_derefs = 14;
inline constexpr int longest_array = 64;
inline constexpr std::size_t longest_record = 3072;  // bytes, without the strings

struct Violation {
  static constexpr std::size_t whole_event = static_cast<std::size_t>(-1);
  std::size_t argument = whole_event;  // index of the user's argument
  std::string what = {};
  std::string hint = {};
  bool operator==(const Violation&) const = default;
};

// Empty: the kernel's grammar has nothing against it.
std::vector<Violation> check_limits(const path::Plan& plan, const arch::Arch& arch);

}  // namespace dtp::probe
