// ELF notes: what tools leave in a program for others (System V ABI, "Note Section").
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/cursor.h"

namespace dtp::debug {

struct ElfNote {
  std::uint32_t type = 0;
  std::string_view owner = {};  // without its NUL
  std::span<const std::byte> description = {};
};

// The next note; none: the bytes end, or make no sense from here on.
std::optional<ElfNote> take_note(base::Cursor& notes);

// The build-id, in hex; empty: there is none.
std::string build_id_of(std::span<const std::byte> notes);

}  // namespace dtp::debug
