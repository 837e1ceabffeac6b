// What the kernel takes of a probe.
// kernel/trace/trace_probe.h: MAX_TRACE_ARGS, MAX_ARGSTR_LEN, MAX_ARG_NAME_LEN, FETCH_INSN_MAX, MAX_PROBE_EVENT_SIZE;
// kernel/trace/trace.c: WRITE_BUFSIZE.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace dtp::limits {

inline constexpr std::size_t most_arguments = 128;
inline constexpr std::size_t longest_argument = 63;                                    // bytes of FETCH:TYPE
inline constexpr std::size_t longest_name = 32;                                        // of an argument
inline constexpr std::size_t longest_event = 63;                                       // of an event and of a group
inline constexpr std::array<std::string_view, 2> reserved_events{"enable", "filter"};  // files beside a group's events
inline constexpr std::size_t most_fetch_steps = 15;                                    // beside the one that ends them
inline constexpr int longest_array = 64;
inline constexpr std::size_t longest_record = 3072;  // bytes, without the strings
inline constexpr std::size_t longest_line = 4094;    // bytes of a definition

}  // namespace dtp::limits
