// Event filters as people write them, turned into what the kernel understands.
//
//   size > 100 && dest == 172.31.28.139   ->   size > 100 && dest == 2333876140
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "dtracepp/error.h"
#include "dtracepp/path.h"

namespace dtp::probe {

// What a filter may know of one field of the event.
struct FilterField {
  std::string name = {};
  path::Display display = path::Display::none;
  bool is_string = false;
  bool is_signed = false;
  bool is_array = false;  // of anything but characters
  int bytes = 8;          // of the whole field, when it is a number
};

// `fields` are the event's own; those that every event has (common_pid, comm, cpu) are known besides.
Result<std::string> translate_filter(std::string_view text, std::span<const FilterField> fields);

}  // namespace dtp::probe
