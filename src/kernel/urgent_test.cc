#include "kernel/urgent.h"

#include <doctest/doctest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

namespace dtp::kernel {

TEST_CASE("who is urgent starts others that are not, and is so no longer than needed") {
  // In a thread of its own: who may not be urgent may not go back, either.
  std::thread([] {
    const int before = ::getpriority(PRIO_PROCESS, 0);
    {
      const Urgent urgent;
      const int now = ::getpriority(PRIO_PROCESS, 0);
      if (::geteuid() == 0 && before == 0) CHECK(now == -20);
      const pid_t child = ::fork();
      if (child == 0)
        ::_exit(::getpriority(PRIO_PROCESS, 0) == before && ::sched_getscheduler(0) == SCHED_OTHER ? 0 : 1);
      int status = 1;
      CHECK(::waitpid(child, &status, 0) == child);
      CHECK(status == 0);
    }
    CHECK(::getpriority(PRIO_PROCESS, 0) == before);
    CHECK(::sched_getscheduler(0) == SCHED_OTHER);
    CHECK(::setpriority(PRIO_PROCESS, 0, 5) == 0);
    const Urgent nice;
    CHECK(::getpriority(PRIO_PROCESS, 0) == 5);
  }).join();
}

}  // namespace dtp::kernel
