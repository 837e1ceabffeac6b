#include "record/threads.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace dtp::record {

namespace {
const std::string rest = " 5 5 0 -1 4194560 1 2 3 4 5 6 7 8 20 0";
}

TEST_CASE("a thread by its file") {
  CHECK(parse_thread_stat("7 (cat) R 1" + rest + " 3 0 9") == ThreadStat{"cat", 'R', 1, 3});
  CHECK(parse_thread_stat("7 (a) S 5) D 12" + rest + " 1") == ThreadStat{"a) S 5", 'D', 12, 1});
  CHECK(parse_thread_stat("7 () S 12" + rest + " 1 0") == ThreadStat{"", 'S', 12, 1});
  for (const char* text : {"", "7", "7 (", "7 (cat", "7 (cat)", ") (", "7 (cat) R", "7 (cat) R 1", "7 (cat) RR 1"})
    CHECK_MESSAGE(!parse_thread_stat(text), text);
  CHECK_FALSE(parse_thread_stat("7 (cat) R -1" + rest + " 1 "));
  CHECK_FALSE(parse_thread_stat("7 (cat) R 1" + rest + " x "));
}

TEST_CASE("all threads, in pieces") {
  std::mutex mutex;
  std::condition_variable asleep;
  bool is_done = false;
  pid_t other = 0;
  std::thread second([&] {
    std::unique_lock lock(mutex);
    other = ::gettid();
    asleep.notify_all();
    asleep.wait(lock, [&] { return is_done; });
  });
  {
    std::unique_lock lock(mutex);
    asleep.wait(lock, [&] { return other != 0; });
  }
  auto threads = Threads::open();
  REQUIRE(threads);
  std::vector<pid_t> ours;
  const auto use = [&](const Thread& thread) {
    if (thread.pid == ::getpid()) ours.push_back(thread.tid);
  };
  int pieces = 0;
  for (bool is_first = true; !threads->look([&] { return std::exchange(is_first, false); }, use); is_first = true)
    ++pieces;
  CHECK(pieces > 2);
  CHECK(std::ranges::count(ours, ::getpid()) == 1);
  CHECK(std::ranges::count(ours, other) == 1);
  ours.clear();
  CHECK(threads->look([] { return true; }, use));
  CHECK(std::ranges::count(ours, other) == 1);
  {
    const std::lock_guard lock(mutex);
    is_done = true;
  }
  asleep.notify_all();
  second.join();
}

}  // namespace dtp::record
