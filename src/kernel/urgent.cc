#include "kernel/urgent.h"

#include <sched.h>
#include <sys/resource.h>

#include <cerrno>

namespace dtp::kernel {
namespace {

constexpr int most_urgent = -20;

// Without the flag whoever is started inherits it.
bool set(int policy, int nice) {
  const sched_param none{};
  return ::sched_setscheduler(0, policy, &none) == 0 && ::setpriority(PRIO_PROCESS, 0, nice) == 0;
}

}  // namespace

Urgent::Urgent() {
  errno = 0;
  before_ = ::getpriority(PRIO_PROCESS, 0);
  if (errno != 0 || before_ != 0 || ::sched_getscheduler(0) != SCHED_OTHER) return;
  is_set_ = set(SCHED_OTHER | SCHED_RESET_ON_FORK, most_urgent);
}

Urgent::~Urgent() {
  if (is_set_) (void)set(SCHED_OTHER, before_);
}

}  // namespace dtp::kernel
