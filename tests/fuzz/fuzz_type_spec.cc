// The text after the colon of an argument.
#include "lower/type_spec.h"

#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto spec = dtp::lower::parse_type_spec(dtp::fuzz::text_of(data, size));
  if (!spec) dtp::fuzz::check_error(spec.error());
  return 0;
}
