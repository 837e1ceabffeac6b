// Pairs of records that the kernel puts together (kernel/pairing.h): an answer's rows come as one record each.
#pragma once

#include <string>
#include <vector>

#include "cmd/answer_options.h"
#include "cmd/recording.h"
#include "kernel/pairing.h"
#include "recipe/settings.h"

namespace dtp::cmd {

// Two events as one, while it is there.
struct Paired {
  kernel::PairEvent event;
  // Its fields are values that the answer names, "latency" among them; what a record has besides is of the first hit.
  WatchedEvent watched = {};
};

// The events of the recipe's pairs, for these values of an answer. The error is why they are to be put together here;
// that of a kernel without such events, too. Pairs with a shorter latency are not wanted.
Result<Paired> pair_in_kernel(kernel::TraceFs& tracefs, const recipe::Recipe& recipe, const AnswerOptions& options,
                              const std::vector<WatchedEvent>& events, const std::vector<std::string>& values,
                              std::uint64_t least_ns);

void print_pairing(const Paired& paired);

}  // namespace dtp::cmd
