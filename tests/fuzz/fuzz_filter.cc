// Filters of events.
#include "probe/filter.h"

#include <array>

#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dtp;
  using path::Display;
  static const std::array<probe::FilterField, 5> fields{{{.name = "size"},
                                                         {.name = "dest", .display = Display::ip4, .bytes = 4},
                                                         {.name = "port", .display = Display::port, .bytes = 2},
                                                         {.name = "name", .is_string = true},
                                                         {.name = "ret", .is_signed = true, .bytes = 4}}};
  const auto filter = probe::translate_filter(fuzz::text_of(data, size), fields);
  if (!filter) fuzz::check_error(filter.error());
  return 0;
}
