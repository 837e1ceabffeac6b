// The file of what is armed: what was read is written and read again as it was.
#include "fuzz/fuzz.h"
#include "kernel/lease.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto lease = dtp::kernel::parse_lease(dtp::fuzz::text_of(data, size));
  if (!lease || !lease->is_whole) return 0;
  const std::string text = dtp::kernel::format_lease(*lease);
  const auto again = dtp::kernel::parse_lease(text);
  DTP_REQUIRE(again && again->is_whole);
  DTP_REQUIRE(dtp::kernel::format_lease(*again) == text);
  return 0;
}
