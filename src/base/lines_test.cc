#include "base/lines.h"

#include <doctest/doctest.h>

#include <vector>

namespace dtp::base {
namespace {

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) lines.push_back(take_line(text));
  return lines;
}

}  // namespace

TEST_CASE("text is taken line by line") {
  using Lines = std::vector<std::string_view>;
  CHECK(lines_of("") == Lines{});
  CHECK(lines_of("a") == Lines{"a"});
  CHECK(lines_of("a\nbc\n") == Lines{"a", "bc"});
  CHECK(lines_of("\n\na\r\n\nb") == Lines{"", "", "a\r", "", "b"});
}

}  // namespace dtp::base
