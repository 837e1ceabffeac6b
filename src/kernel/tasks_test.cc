#include "kernel/tasks.h"

#include <doctest/doctest.h>
#include <unistd.h>

namespace dtp::kernel {

TEST_CASE("CPU lists") {
  using Cpus = std::vector<unsigned>;
  CHECK(parse_cpu_list("0\n") == Cpus{0});
  CHECK(parse_cpu_list("0-3,7") == Cpus{0, 1, 2, 3, 7});
  CHECK(parse_cpu_list("2,0-2") == Cpus{0, 1, 2});
  for (const char* text : {"", ",", "1,", "3-1", "a", "-1", "1-", "0-99999999"})
    CHECK_MESSAGE(!parse_cpu_list(text), text);
}

TEST_CASE("threads") {
  const auto threads = threads_of(::getpid());
  REQUIRE_FALSE(threads.empty());
  CHECK(threads.front() == ::getpid());
  CHECK(threads_of(0).empty());
}

}  // namespace dtp::kernel
