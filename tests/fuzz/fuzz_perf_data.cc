// perf.data files, of which we read perf's too.
#include "fuzz/memory_file.h"
#include "record/perf_data_reader.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dtp;
  const fuzz::MemoryFile file(fuzz::text_of(data, size));
  const auto reader = record::PerfDataReader::open(file.path());
  if (!reader) {
    fuzz::check_error(reader.error());
    return 0;
  }
  record::Counts counts;
  const auto read = reader->read([](const record::Record&) -> Result<void> { return {}; }, counts);
  if (!read) fuzz::check_error(read.error());
  return 0;
}
