// The kernel's refusal of a line, shown under the user's own words.
#pragma once

#include "cmd/compile.h"
#include "kernel/events.h"

namespace dtp::cmd {

// `lines` of `compiled` must be what was written.
Error explain(const kernel::Refusal& refusal, const Compiled& compiled);

// Leaves out the place that the kernel lets no probe be at, if others remain.
bool leave_out(const kernel::Refusal& refusal, Compiled& compiled, std::vector<path::Omission>& omitted);

// `add` adds the event's lines, all or none. Places at which the kernel lets no probe be are left out, and said to be,
// unless all are required.
template <class Add>
auto add_possible(Compiled& compiled, const TargetOptions& options, const Common& common, Add add) {
  std::vector<path::Omission> omitted;
  for (;;) {
    auto added = add(compiled.lines);
    if (!added && !options.lowering.require_all && leave_out(added.error(), compiled, omitted)) continue;
    if (added) print_omissions(omitted, compiled.lines.size(), common);
    return added;
  }
}

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
