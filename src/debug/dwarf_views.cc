// A parameter that its function changes at once has two entries in the list that begin at the same address: of
// `static inline int step(int k) { k += 5; ...`
//
//     11c6 view 1 .. 11c6 view 3   %rbx+1     what the caller passes
//     11c6 view 3 .. 11ea view 0   %rbx+6
//
// By addresses alone the first one is empty, and the second one is found where the copy is entered, in view 1. Nothing
// runs between the views of an address, so that the registers are the same in all of them. The numbers of the views
// stand before the list, two for each of its entries in turn.
#include "debug/dwarf_views.h"

#include <dwarf.h>

#include <utility>

#include "base/cursor.h"
#include "debug/dwarf_die.h"
#include "debug/dwarf_location_list.h"

namespace dtp::debug {
std::optional<Program> location_at_view(Dwarf_Die& variable, Dwarf_Attribute& location, std::uint64_t address,
                                        std::uint64_t view) {
  const auto offset = number(variable, DW_AT_GNU_locviews);
  if (!offset) return std::nullopt;
  Dwarf_Half version = 0;
  Dwarf_Die unit;
  if (dwarf_cu_die(variable.cu, &unit, &version, nullptr, nullptr, nullptr, nullptr, nullptr) == nullptr)
    return std::nullopt;
  base::Cursor views(lists_of(dwarf_cu_getdwarf(variable.cu), version), *offset);
  const std::pair wanted{address, view};
  Dwarf_Addr base = 0, start = 0, end = 0;
  Program program{.attribute = &location};
  for (std::ptrdiff_t at = 0;
       (at = dwarf_getlocations(&location, at, &base, &start, &end, &program.ops, &program.count)) > 0;) {
    const std::pair first{start, views.read_leb128()};
    const std::pair last{end, views.read_leb128()};
    if (views.failed()) return std::nullopt;
    if (first <= wanted && wanted < last && program.count > 0) return program;
  }
  return std::nullopt;
}

}  // namespace dtp::debug
