#include "record/time_order.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <random>
#include <utility>
#include <vector>

namespace dtp::record {

TEST_CASE("two rings become one stream; a round waits for the next") {
  std::array<std::byte, 16> memory{};
  std::vector<std::uint64_t> out;
  TimeOrder order;
  const auto add = [&](std::uint64_t time) { order.add(time, std::span(memory).subspan(time, 1)); };
  const auto emit = [&](std::span<const std::byte> record) -> Result<void> {
    out.push_back(static_cast<std::uint64_t>(record.data() - memory.data()));
    return {};
  };
  add(1), add(5);  // ring 0
  add(2);          // ring 1
  REQUIRE(order.end_round(emit));
  CHECK(out.empty());
  add(7);          // ring 0
  add(4), add(6);  // ring 1: 4 is older than what round 1 saw last
  REQUIRE(order.end_round(emit));
  CHECK(out == std::vector<std::uint64_t>{1, 2, 4, 5});
  REQUIRE(order.end_round(emit));  // nothing new came: nothing to wait for
  CHECK(out == std::vector<std::uint64_t>{1, 2, 4, 5, 6, 7});
  add(9), add(8);
  REQUIRE(order.finish(emit));
  CHECK(out == std::vector<std::uint64_t>{1, 2, 4, 5, 6, 7, 8, 9});
}

TEST_CASE("however many runs there are, records of equal times keep their order") {
  std::mt19937 random(1);
  for (const std::size_t count : {0, 1, 2, 3, 7, 100, 1000}) {
    std::vector<std::pair<std::uint64_t, std::size_t>> wanted;
    std::vector<std::pair<std::uint64_t, std::size_t>> got;
    TimeOrder<std::pair<std::uint64_t, std::size_t>> order;
    for (std::size_t i = 0; i < count; ++i) {
      wanted.emplace_back(random() % 50, i);
      order.add(wanted.back().first, wanted.back());
    }
    std::ranges::sort(wanted);
    const auto emit = [&](const auto& record) -> Result<void> {
      got.push_back(record);
      return {};
    };
    REQUIRE(order.finish(emit));
    CHECK(got == wanted);
  }
}

}  // namespace dtp::record
