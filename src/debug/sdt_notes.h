// The static probes that a program's authors left in it (USDT), as <sys/sdt.h> notes them down.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "debug/elf_file.h"

namespace dtp::debug {

// One place of a probe.
struct SdtNote {
  std::string provider = {};
  std::string name = {};
  std::string arguments = {};   // assembler operands: "-4@%edi 8@-16(%rbp)"
  std::uint64_t address = 0;    // link-time address of the instruction
  std::uint64_t semaphore = 0;  // link-time address of the counter that switches the probe on; 0: it is always on
  bool operator==(const SdtNote&) const = default;
};

// In the order of the file; a note that makes no sense is passed over.
std::vector<SdtNote> read_sdt_notes(const ElfFile& file);

// `base` is where the section .stapsdt.base is; none: there is no such section.
std::vector<SdtNote> parse_sdt_notes(std::span<const std::byte> section, std::optional<std::uint64_t> base);

}  // namespace dtp::debug
