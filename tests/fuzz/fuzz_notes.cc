// ELF notes: static probes, build-ids.
#include "debug/elf_notes.h"
#include "debug/sdt_notes.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dtp;
  const auto notes = fuzz::bytes_of(data, size);
  for (const debug::SdtNote& note : debug::parse_sdt_notes(notes, 0x1000))
    DTP_REQUIRE(!note.provider.empty() && !note.name.empty());
  DTP_REQUIRE(debug::build_id_of(notes).size() <= 2 * size);
  return 0;
}
