// Lines of kprobe_events and uprobe_events, which anybody may have written.
#include "probe/definition.h"

#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  dtp::probe::parse_definition(dtp::fuzz::text_of(data, size));
  return 0;
}
