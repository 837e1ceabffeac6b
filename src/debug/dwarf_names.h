// Types and enumerators by their names in C.
#pragma once

#include <elfutils/libdw.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "debug/elf_file.h"
#include "dtracepp/type.h"

namespace dtp::debug {

// "struct tcp_sock", "pid_t", "unsigned int". A definition; where there is none, a declaration.
std::optional<type::Id> find_dwarf_type(const ElfFile& file, Dwarf* dwarf, std::string_view c_name);

// The value of an enumerator of any enum.
std::optional<std::int64_t> find_dwarf_enumerator(const ElfFile& file, Dwarf* dwarf, std::string_view name);

}  // namespace dtp::debug
