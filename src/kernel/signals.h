// The signals that ask us to end, or to do something, as a descriptor: the normal way out cleans up.
#pragma once

#include <csignal>
#include <optional>

#include "base/file.h"
#include "dtracepp/error.h"

namespace dtp::kernel {

// Blocks INT, TERM, HUP and PIPE for this thread while it lives (make it before other threads). HUP stays
// ignored where it was (nohup). PIPE is among them since the reader of our output may leave at any time
// (| head): the write fails with EPIPE, and what we put into the kernel is still taken out.
class StopSignals {
 public:
  static Result<StopSignals> block();
  // USR2 as well: take() tells it from those that ask us to end.
  Result<void> add_request();
  StopSignals(StopSignals&& other) noexcept;
  StopSignals& operator=(StopSignals&&) = delete;
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  ~StopSignals();

  int fd() const { return fd_.get(); }                // readable when one has come
  std::optional<int> take();                          // its number; none: none came
  const sigset_t& before() const { return before_; }  // what a child gets back before exec

 private:
  StopSignals() = default;
  base::Fd fd_ = {};
  sigset_t wanted_ = {};
  sigset_t before_ = {};
  bool active_ = false;
};

}  // namespace dtp::kernel
