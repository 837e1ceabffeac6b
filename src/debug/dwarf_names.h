// Types and enumerators by their names in C.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "debug/dwarf_files.h"
#include "debug/info.h"
#include "debug/name_index.h"
#include "dtracepp/type.h"

namespace dtp::debug {

// "struct tcp_sock", "pid_t", "unsigned int". A definition; where there is none, a declaration.
std::optional<type::Id> find_dwarf_type(const DwarfFiles& files, std::string_view c_name);

// As Info::find_definitions() and Info::find_globals().
std::vector<Definition> find_dwarf_definitions(const DwarfFiles& files, std::string_view c_name);
// `index` may be null.
std::vector<Global> find_dwarf_globals(const DwarfFiles& files, const NameIndex* index, std::string_view name,
                                       bool defined);

// The value of an enumerator of any enum.
std::optional<std::int64_t> find_dwarf_enumerator(const DwarfFiles& files, const NameIndex* index,
                                                  std::string_view name);

}  // namespace dtp::debug
