#include "kernel/trace_page.h"

#include <doctest/doctest.h>

#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace dtp::kernel {
namespace {

class Page {
 public:
  explicit Page(std::uint64_t time) { add(time), add(std::uint64_t{0}); }
  template <class T>
  Page& add(T value) {
    const auto bytes = std::as_bytes(std::span(&value, 1));
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  Page& event(unsigned kind, unsigned delta) { return add(std::uint32_t{kind | (delta << 5)}); }

  // "time:first word/bytes" of every event.
  std::string walk(std::uint64_t committed = 0) {
    if (committed == 0) committed = bytes_.size() - 16;
    std::memcpy(bytes_.data() + 8, &committed, sizeof committed);
    std::string seen;
    walk_trace_page(bytes_, [&](std::uint64_t time, std::span<const std::byte> event) {
      std::uint32_t word = 0;
      std::memcpy(&word, event.data(), std::min(event.size(), sizeof word));
      seen += std::to_string(time) + ":" + std::to_string(word) + "/" + std::to_string(event.size()) + " ";
    });
    return seen;
  }

 private:
  std::vector<std::byte> bytes_ = {};
};

constexpr unsigned padding = 29, extend = 30, stamp = 31;

TEST_CASE("a page of tracefs' ring gives its events with their times") {
  Page page(1000);
  page.event(1, 5).add(11U);
  page.event(2, 7).add(12U).add(0U);
  page.event(extend, 1).add(2U);  // 1 + 2 * 2^27
  page.event(1, 0).add(13U);
  page.event(0, 1).add(12U).add(14U).add(0U);  // a long one: 12 bytes with the length itself
  CHECK(page.walk() == "1005:11/4 1012:12/8 268436469:13/4 268436470:14/8 ");
}

TEST_CASE("an event that was taken back leaves padding, the end of a page too") {
  Page page(10);
  page.event(padding, 3).add(8U).add(99U);
  page.event(1, 1).add(1U);
  page.event(padding, 0).add(0U).add(0U);
  page.event(1, 1).add(2U);
  CHECK(page.walk() == "14:1/4 ");
}

TEST_CASE("an absolute time keeps the high bits of the page's") {
  Page page((std::uint64_t{3} << 59) + 5);
  page.event(stamp, 100).add(0U);
  page.event(1, 1).add(7U);
  CHECK(page.walk() == std::to_string((std::uint64_t{3} << 59) + 101) + ":7/4 ");
}

TEST_CASE("what does not fit ends the walk") {
  CHECK(Page(1).event(28, 1).add(1U).walk() == "");
  CHECK(Page(1).event(0, 1).add(1000U).walk() == "");
  CHECK(Page(1).event(0, 1).add(0U).walk() == "");
  CHECK(Page(1).event(0, 1).walk() == "");
  CHECK(Page(1).event(1, 1).add(1U).event(1, 1).add(2U).walk(8) == "2:1/4 ");
  CHECK(Page(1).event(1, 1).add(1U).walk(1 << 19) == "2:1/4 ");
  walk_trace_page({}, [](std::uint64_t, std::span<const std::byte>) { FAIL("no page, no event"); });
}

}  // namespace
}  // namespace dtp::kernel
