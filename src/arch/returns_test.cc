#include "arch/returns.h"

#include <doctest/doctest.h>

#include <array>
#include <vector>

namespace {

std::optional<std::vector<std::uint64_t>> returns_of(const std::vector<unsigned char>& code) {
  return dtp::arch::find_returns(std::as_bytes(std::span(code)));
}

using Offsets = std::vector<std::uint64_t>;

TEST_CASE("return instructions, not bytes that look like one") {
  CHECK(returns_of({0xC3}) == Offsets{0});
  CHECK(returns_of({0xF3, 0xC3, 0xC2, 0x08, 0x00}) == Offsets{0, 2});     // rep ret; ret 8
  CHECK(returns_of({0xB8, 0xC3, 0xC3, 0xC3, 0xC3, 0xC3}) == Offsets{5});  // mov $0xc3c3c3c3, %eax; ret
  CHECK(returns_of({0xEB, 0xFE}) == Offsets{});
  CHECK(returns_of({}) == Offsets{});
}

TEST_CASE("code that cannot be decoded is not guessed at") {
  CHECK_FALSE(returns_of({0xC3, 0x06}));        // push %es, which long mode has not
  CHECK_FALSE(returns_of({0xC3, 0xB8, 0xC3}));  // cut within an instruction
}

}  // namespace
