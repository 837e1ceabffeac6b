// The section .note.stapsdt holds ELF notes of the owner "stapsdt" and type 3 (SystemTap's sdt.h, version 3). The
// description is three addresses of 64 bits and three texts, each with its NUL:
//
//   probe  base  semaphore  PROVIDER  NAME  ARGUMENTS
//
// prelink moves the code of a program but does not know these notes. `base` is where the section .stapsdt.base was when
// they were written: what that section has moved by since is what the addresses are wrong by.
#include "debug/sdt_notes.h"

#include <elf.h>

#include <algorithm>

#include "base/cursor.h"

namespace dtp::debug {
namespace {

constexpr std::uint32_t probe_type = 3;
constexpr std::string_view owner{"stapsdt", 8};  // with its NUL

constexpr std::size_t aligned(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

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
  while (cursor.left() >= sizeof(Elf64_Nhdr)) {
    const auto header = cursor.read<Elf64_Nhdr>();
    const auto name = cursor.take(aligned(header.n_namesz));
    const auto description = cursor.take(header.n_descsz);
    if (cursor.failed()) break;
    // The last note may lack the bytes that align the next one.
    cursor.skip(std::min(aligned(header.n_descsz) - header.n_descsz, cursor.left()));
    const std::string_view text(reinterpret_cast<const char*>(name.data()),
                                std::min<std::size_t>(header.n_namesz, name.size()));
    if (header.n_type != probe_type || text != owner) continue;
    if (auto note = parse_description(description, base)) notes.push_back(std::move(*note));
  }
  return notes;
}

std::vector<SdtNote> read_sdt_notes(const ElfFile& file) {
  return parse_sdt_notes(file.section(".note.stapsdt"), file.section_address(".stapsdt.base"));
}

}  // namespace dtp::debug
