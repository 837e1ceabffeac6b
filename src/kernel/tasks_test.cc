#include "kernel/tasks.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>

namespace dtp::kernel {

TEST_CASE("CPU lists") {
  using Cpus = std::vector<unsigned>;
  CHECK(parse_cpu_list("0\n") == Cpus{0});
  CHECK(parse_cpu_list("0-3,7") == Cpus{0, 1, 2, 3, 7});
  CHECK(parse_cpu_list("2,0-2") == Cpus{0, 1, 2});
  for (const char* text : {"", ",", "1,", "3-1", "a", "-1", "1-", "0-99999999"})
    CHECK_MESSAGE(!parse_cpu_list(text), text);
}

TEST_CASE("the user of a process is the effective one") {
  CHECK(user_of_status("Name:\tsh\nUid:\t1000\t0\t0\t0\nGid:\t1\t2\t3\t4\n") == 0);
  CHECK(user_of_status("Name:\tUid:\nUid:\t0\t65534\t0\t0\n") == 65534);
  CHECK(user_of_status("Name:\tsh\nUid:\t1000\n") == std::nullopt);
  CHECK(user_of_status("") == std::nullopt);
  const std::vector<pid_t> threads = threads_of_user(::geteuid());
  CHECK(std::ranges::find(threads, ::getpid()) != threads.end());
}

TEST_CASE("threads") {
  const auto threads = threads_of(::getpid());
  REQUIRE_FALSE(threads.empty());
  CHECK(threads.front() == ::getpid());
  CHECK(threads_of(0).empty());
}

}  // namespace dtp::kernel
