// The part of perf.data that describes tracepoints.
#include "record/tracing_data.h"

#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = dtp::fuzz::bytes_of(data, size);
  if (!dtp::record::is_tracing_data(bytes)) return 0;
  const auto read = dtp::record::decode_tracing_data(bytes);
  if (!read) dtp::fuzz::check_error(read.error());
  return 0;
}
