#include "cmd/number_list.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <string>

namespace dtp::cmd {
namespace {

Error wrong_number(std::string_view option, std::string_view text, Span span, std::string_view wanted) {
  return {.what = fmt::format("{} takes {}", option, wanted),
          .where = Where{std::string(option), std::string(text), span},
          .status = Status::wrong_request};
}

}  // namespace

Result<std::vector<unsigned>> parse_numbers(std::string_view option, std::string_view text, bool ranges) {
  std::vector<unsigned> numbers;
  const std::string_view wanted = ranges ? "CPU numbers such as 0-3,5" : "process numbers such as 17,42";
  for (std::size_t at = 0; at <= text.size() && !text.empty();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    const char* const last = text.data() + end;
    unsigned from = 0;
    auto [next, error] = std::from_chars(text.data() + at, last, from);
    unsigned to = from;
    if (ranges && error == std::errc{} && next != last && *next == '-') {
      const auto second = std::from_chars(next + 1, last, to);
      next = second.ptr;
      error = second.ec;
    }
    // More CPUs than any kernel has would only fill the memory.
    if (error != std::errc{} || next != last || to < from || to - from > 8192) {
      return fail(wrong_number(option, text, {at, end}, wanted));
    }
    for (unsigned number = from; number <= to; ++number) numbers.push_back(number);
    at = end + 1;
  }
  return numbers;
}

}  // namespace dtp::cmd
