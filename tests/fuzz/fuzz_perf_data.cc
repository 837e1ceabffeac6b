// perf.data files, of which we read perf's too.
#include "fuzz/memory_file.h"
#include "record/address_spaces.h"
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
  std::vector<record::Frame> frames;
  const auto read = reader->read(
      [&frames](const record::Record& record) -> Result<void> {
        record::resolve_chain(record.stack, frames);
        for (const record::Frame& frame : frames) DTP_REQUIRE(!frame.is_kernel || frame.module != nullptr);
        return {};
      },
      counts);
  if (!read) fuzz::check_error(read.error());
  return 0;
}
