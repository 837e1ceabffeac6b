// The section .note.stapsdt holds ELF notes of the owner "stapsdt" and type 3 (SystemTap's sdt.h, version 3). The
// description is three addresses of 64 bits and three texts, each with its NUL:
//
//   probe  base  semaphore  PROVIDER  NAME  ARGUMENTS
//
// prelink moves the code of a program but does not know these notes. `base` is where the section .stapsdt.base was when
// they were written: what that section has moved by since is what the addresses are wrong by.
#include "debug/sdt_notes.h"

#include "base/cursor.h"
#include "debug/elf_notes.h"

namespace dtp::debug {
namespace {

constexpr std::uint32_t probe_type = 3;
constexpr std::string_view owner = "stapsdt";

std::optional<SdtNote> parse_description(std::span<const std::byte> bytes, std::optional<std::uint64_t> base) {
  base::Cursor cursor(bytes);
  SdtNote note;
  note.address = cursor.read<std::uint64_t>();
  const auto noted_base = cursor.read<std::uint64_t>();
  note.semaphore = cursor.read<std::uint64_t>();
  note.provider = cursor.read_c_string();
  note.name = cursor.read_c_string();
  note.arguments = cursor.read_c_string();
  if (cursor.failed() || note.provider.empty() || note.name.empty()) return std::nullopt;
  if (base && noted_base != 0) {
    note.address += *base - noted_base;
    if (note.semaphore != 0) note.semaphore += *base - noted_base;
  }
  return note;
}

}  // namespace

std::vector<SdtNote> parse_sdt_notes(std::span<const std::byte> section, std::optional<std::uint64_t> base) {
  std::vector<SdtNote> notes;
  base::Cursor cursor(section);
  while (const auto found = take_note(cursor)) {
    if (found->type != probe_type || found->owner != owner) continue;
    if (auto note = parse_description(found->description, base)) notes.push_back(std::move(*note));
  }
  return notes;
}

std::vector<SdtNote> read_sdt_notes(const ElfFile& file) {
  return parse_sdt_notes(file.section(".note.stapsdt"), file.section_address(".stapsdt.base"));
}

}  // namespace dtp::debug
