// Names of code that processes made: perf maps, jitdumps, and what a recording keeps of them.
#include <fcntl.h>

#include "fuzz/memory_file.h"
#include "record/address_spaces.h"
#include "record/jit_code.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dtp;
  const std::string text(fuzz::text_of(data, size));
  const fuzz::MemoryFile file(text);
  const auto fd = base::open_file(file.path(), O_RDONLY);
  DTP_REQUIRE(fd);
  record::JitProcesses processes = record::decode_jit(text);
  processes[1] = record::parse_perf_map(text);
  processes[2] = record::JitDump().read(fd->get());
  DTP_REQUIRE(record::decode_jit(record::encode_jit(processes)).size() == processes.size());
  record::AddressSpaces spaces;
  for (const auto& [pid, functions] : processes) {
    for (const record::JitFunction& function : functions) {
      spaces.add_function(pid, function);
      const record::Frame frame = record::frame_in_program(&spaces.of(pid), function.start, false);
      DTP_REQUIRE(frame.module != nullptr && frame.module->function == function.name && frame.offset == 0);
    }
  }
  return 0;
}
