// An answer that comes late on a busy machine is none.
#pragma once

namespace dtp::kernel {

// While it lives this thread comes before all that merely want to run, where that is permitted. What the probes cost is
// bounded by governor.h, and so is what they give to be read. Threads and processes that it starts are as they would be
// without. Whoever made us nice has his reasons: then it does nothing.
class Urgent {
 public:
  Urgent();
  Urgent(const Urgent&) = delete;
  Urgent& operator=(const Urgent&) = delete;
  ~Urgent();

 private:
  int before_ = 0;
  bool is_set_ = false;
};

}  // namespace dtp::kernel
