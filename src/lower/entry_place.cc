// A probe of an entry stands on its first byte, where debug information says what is in which register. The kernel
// carries some instructions out by itself and has all others run step by step, at many times the cost
// (arch/cheap_place.h). So the probe goes on to the first of those, when all that it reads is then what it was.
#include "lower/entry_place.h"

#include <algorithm>
#include <type_traits>

namespace dtp::lower {
namespace {

// No compiler makes a larger function.
constexpr std::uint64_t largest_function = 16U << 20U;
constexpr int slot_bytes = 8;

// False: it cannot be said.
bool add_needs(const path::Path& path, const arch::Arch& arch, arch::Needs& needs) {
  needs.memory |= !path.derefs.empty();
  return std::visit(
      [&](const auto& base) {
        using T = std::decay_t<decltype(base)>;
        if constexpr (std::is_same_v<T, path::Register>) {
          if (base.number < 0 || base.number >= 32) return false;
          // What is read by the stack pointer can be read by a lower one, too.
          if (base.number != arch.stack_pointer || path.derefs.empty()) needs.registers |= 1U << base.number;
          return true;
        } else if constexpr (std::is_same_v<T, path::StackPointer>) {
          if (path.derefs.empty()) needs.registers |= 1U << arch.stack_pointer;
          return true;
        } else if constexpr (std::is_same_v<T, path::StackSlot> || std::is_same_v<T, path::Symbol> ||
                             std::is_same_v<T, path::Address> || std::is_same_v<T, path::FileOffset>) {
          needs.memory = true;
          return true;
        } else {
          return std::is_same_v<T, path::Comm> || std::is_same_v<T, path::Constant> || std::is_same_v<T, path::Text>;
        }
      },
      path.base);
}

// The same value, when the stack pointer is so much lower.
void adjust(path::Path& path, std::uint64_t grown, const arch::Arch& arch) {
  const auto bytes = static_cast<std::int64_t>(grown);
  if (auto* slot = std::get_if<path::StackSlot>(&path.base)) slot->number += static_cast<int>(bytes / slot_bytes);
  const auto* of = std::get_if<path::Register>(&path.base);
  const bool is_by_stack =
      std::holds_alternative<path::StackPointer>(path.base) || (of != nullptr && of->number == arch.stack_pointer);
  if (is_by_stack && !path.derefs.empty()) path.derefs.front().offset += bytes;
}

bool is_plain_entry(const expr::ProbePoint& asked, const Spot& spot, const Target& target) {
  return target.is_user() && target.file != nullptr && target.jump_targets && spot.is_entry && spot.usdt == nullptr &&
         !spot.site.is_return && !(spot.has_instance && spot.instance.is_inlined) && !asked.address &&
         asked.offset_span == Span{} && asked.line_span == Span{};
}

// Nothing but the function's own instructions leads to those on the way.
bool is_joined_by_others(const arch::CheapPlace& place, std::uint64_t entry, const Target& target) {
  return std::ranges::any_of(place.starts, [&](std::uint64_t start) {
    const debug::Symbol* symbol = target.symbols().find_function_at(entry + start);
    return (symbol != nullptr && symbol->address == entry + start) || target.jump_targets().contains(entry + start);
  });
}

}  // namespace

std::uint64_t size_of_function(const Spot& spot, const Target& target) {
  std::uint64_t begin = spot.address;
  std::uint64_t end = 0;
  if (spot.has_instance) {
    begin = spot.instance.address;
    end = spot.instance.end;
  } else if (const debug::Symbol* symbol = target.symbols().find_function_at(begin);
             symbol != nullptr && symbol->address == begin) {
    end = begin + symbol->size;
  }
  return end > begin && end - begin <= largest_function ? end - begin : 0;
}

void place_cheaply(path::Point& point, const expr::ProbePoint& asked, const Spot& spot, const Target& target) {
  if (!is_plain_entry(asked, spot, target)) return;
  arch::Needs needs;
  for (const path::Field& field : point.fields)
    if (!add_needs(field.path, *target.arch, needs)) return;
  const std::uint64_t size = size_of_function(spot, target);
  if (size == 0) return;
  const auto place = arch::find_cheap_place(target.file->code_from(spot.address), size, needs);
  if (!place || place->offset == 0 || is_joined_by_others(*place, spot.address, target)) return;
  point.site.address += place->offset;
  point.placement = path::Placement{place->offset, place->instruction};
  if (place->stack_grown == 0) return;
  for (path::Field& field : point.fields) {
    adjust(field.path, place->stack_grown, *target.arch);
    for (path::Step& step : field.steps)
      if (step.path) adjust(*step.path, place->stack_grown, *target.arch);
  }
}

}  // namespace dtp::lower
