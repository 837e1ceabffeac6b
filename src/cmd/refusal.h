// The kernel's refusal of a line, shown under the user's own words.
#pragma once

#include "cmd/compile.h"
#include "kernel/events.h"

namespace dtp::cmd {

// `lines` of `compiled` must be what was written.
Error explain(const kernel::Refusal& refusal, const Compiled& compiled);

// Events of a pattern that the kernel does not take: it forbids probes in some functions. The others are traced.
class Refused {
 public:
  // An error where it is not for the function: of a single event, or of what is not permitted at all.
  Result<void> add(Error error, const Compiled& compiled);
  const Error& first() const { return errors_.front(); }
  // How many and why, on standard error.
  void print(const Common& common) const;

 private:
  std::vector<Error> errors_ = {};
  std::vector<std::string> events_ = {};
};

}  // namespace dtp::cmd
