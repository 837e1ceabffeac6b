// What the values of an answer mean on this machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cmd/recording.h"
#include "debug/symbols.h"
#include "recipe/settings.h"
#include "report/table.h"

namespace dtp::cmd {

class Meanings {
 public:
  Meanings();
  Meanings(const Meanings&) = delete;
  Meanings& operator=(const Meanings&) = delete;
  const report::ShowContext& context() const { return context_; }

 private:
  std::string symbol_at(std::uint64_t address);

  report::ShowContext context_ = {};
  std::optional<debug::Symbols> symbols_ = {};  // read when they are first asked for
};

// With the parameters put in, and with what the kernel's print formats of the events name. `meanings` outlives it.
report::Answer fill_answer(report::Answer answer, const recipe::Settings& settings,
                           const std::vector<WatchedEvent>& events, const Meanings& meanings);

}  // namespace dtp::cmd
