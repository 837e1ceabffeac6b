// tracefs' error_log.
#include "kernel/error_log.h"

#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (const dtp::kernel::LogEntry& entry : dtp::kernel::parse_error_log(dtp::fuzz::text_of(data, size)))
    DTP_REQUIRE(entry.column <= entry.command.size());
  return 0;
}
