#include "debug/elf_notes.h"

#include <elf.h>

#include <algorithm>

#include "base/hex.h"
#include "debug/elf_file.h"

namespace dtp::debug {
namespace {

constexpr std::size_t aligned(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

}  // namespace

std::optional<ElfNote> take_note(base::Cursor& notes) {
  const auto header = notes.read<Elf64_Nhdr>();
  const auto name = notes.take(aligned(header.n_namesz));
  const auto description = notes.take(header.n_descsz);
  if (notes.failed()) return std::nullopt;
  // The last note may lack the bytes that align the next one.
  notes.skip(std::min(aligned(header.n_descsz) - header.n_descsz, notes.left()));
  std::string_view owner(reinterpret_cast<const char*>(name.data()), header.n_namesz);
  if (owner.ends_with('\0')) owner.remove_suffix(1);
  return ElfNote{header.n_type, owner, description};
}

std::string build_id_of(std::span<const std::byte> notes) {
  base::Cursor cursor(notes);
  while (const auto note = take_note(cursor))
    if (note->owner == "GNU" && note->type == NT_GNU_BUILD_ID) return base::to_hex(note->description);
  return "";
}

}  // namespace dtp::debug
