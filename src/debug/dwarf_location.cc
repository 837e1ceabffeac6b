// A location expression is a program for a stack machine (DWARF 5, 2.5 and 2.6). What a probe can
// fetch is one chain: a register or an address, dereferences, an offset. So the program is run on a
// symbolic value of that shape; what leaves it is "computed" and cannot be fetched.
//
// The stack holds one value here: operators that need two are followed only when the second is a
// constant just pushed.
#include "debug/dwarf_location.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace dtp::debug {
namespace {

struct Program {
  Dwarf_Op* ops = nullptr;
  std::size_t count = 0;
};

// Locations of the frame base may nest one into the other once.
constexpr int deepest_frame = 2;

Unavailable computed() { return {Reason::computed, "its value is computed, it is in no register and no memory"}; }

bool is_register(unsigned op) { return op >= DW_OP_reg0 && op <= DW_OP_reg31; }
bool is_based(unsigned op) { return op >= DW_OP_breg0 && op <= DW_OP_breg31; }
bool is_literal(unsigned op) { return op >= DW_OP_lit0 && op <= DW_OP_lit31; }

std::optional<std::int64_t> constant_of(const Dwarf_Op& op) {
  if (is_literal(op.atom)) return op.atom - DW_OP_lit0;
  switch (op.atom) {
    case DW_OP_const1u:
    case DW_OP_const1s:
    case DW_OP_const2u:
    case DW_OP_const2s:
    case DW_OP_const4u:
    case DW_OP_const4s:
    case DW_OP_const8u:
    case DW_OP_const8s:
    case DW_OP_constu:
    case DW_OP_consts: return static_cast<std::int64_t>(op.number);
    default: return std::nullopt;
  }
}

class Evaluator {
 public:
  Evaluator(std::uint64_t address, const Scope& scope) : address_(address), scope_(scope) {}

  Whereabouts run(Program program, int depth) {
    if (program.count == 0) return Unavailable{Reason::optimised_out, "it is optimised out there"};
    if (auto whole = whole_object(program)) return *whole;
    for (std::size_t i = 0; i < program.count; ++i)
      if (auto stop = step(program, i, depth)) return *stop;
    if (!started_) return computed();
    if (is_value_ && std::holds_alternative<path::Constant>(at_.base))
      std::get<path::Constant>(at_.base).value += std::exchange(at_.offset, 0);
    at_.kind = is_value_ ? Location::Kind::value : Location::Kind::memory;
    return at_;
  }

 private:
  // Forms that are not stack programs: the object is in a register, a constant, or in pieces.
  std::optional<Whereabouts> whole_object(Program program) {
    const Dwarf_Op& op = program.ops[0];
    if (std::any_of(program.ops, program.ops + program.count,
                    [](const Dwarf_Op& o) { return o.atom == DW_OP_piece || o.atom == DW_OP_bit_piece; }))
      return Unavailable{Reason::in_pieces, "it is split over several places"};
    if (is_register(op.atom)) return register_value(static_cast<int>(op.atom - DW_OP_reg0));
    if (op.atom == DW_OP_regx) return register_value(static_cast<int>(op.number));
    if (op.atom == DW_OP_implicit_value || op.atom == DW_OP_implicit_pointer || op.atom == DW_OP_GNU_implicit_pointer)
      return computed();
    return std::nullopt;
  }

  Whereabouts register_value(int number) const {
    // DWARF numbers of x86_64: 0-16 are general, 17 up are vector and x87 registers.
    if (number > 16)
      return Unavailable{Reason::float_register, "it is in a floating-point register, which probes cannot read"};
    return Location{.kind = Location::Kind::value, .base = path::Register{number}};
  }

  void start(path::Base base, std::int64_t offset) {
    at_.base = std::move(base);
    at_.offset = offset;
    started_ = true;
  }

  std::optional<Whereabouts> step(Program program, std::size_t& i, int depth) {
    const Dwarf_Op& op = program.ops[i];
    if (!started_) return first(op, depth);
    if (const auto constant = constant_of(op); constant && i + 1 < program.count) {
      const unsigned next = program.ops[i + 1].atom;
      if (next == DW_OP_plus || next == DW_OP_minus) {
        at_.offset += next == DW_OP_plus ? *constant : -*constant;
        ++i;
        return std::nullopt;
      }
    }
    switch (op.atom) {
      case DW_OP_plus_uconst: at_.offset += static_cast<std::int64_t>(op.number); return std::nullopt;
      case DW_OP_deref:
        if (is_value_) return computed();
        at_.derefs.push_back({at_.offset, false});
        at_.offset = 0;
        return std::nullopt;
      case DW_OP_stack_value: is_value_ = true; return std::nullopt;
      case DW_OP_nop: return std::nullopt;
      default: return computed();
    }
  }

  std::optional<Whereabouts> first(const Dwarf_Op& op, int depth) {
    if (is_based(op.atom)) {
      start(path::Register{static_cast<int>(op.atom - DW_OP_breg0)}, static_cast<std::int64_t>(op.number));
    } else if (op.atom == DW_OP_bregx) {
      start(path::Register{static_cast<int>(op.number)}, static_cast<std::int64_t>(op.number2));
    } else if (const auto constant = constant_of(op)) {
      start(path::Constant{.value = *constant}, 0);
    } else if (op.atom == DW_OP_addr) {
      start(path::Address{op.number}, 0);
    } else if (op.atom == DW_OP_fbreg) {
      return frame(static_cast<std::int64_t>(op.number), depth);
    } else if (op.atom == DW_OP_call_frame_cfa) {
      return call_frame(depth);
    } else {
      return computed();
    }
    return std::nullopt;
  }

  std::optional<Whereabouts> frame(std::int64_t offset, int depth) {
    Dwarf_Attribute attribute;
    Program base;
    Dwarf_Die function = scope_.function;
    if (!scope_.has_function || depth >= deepest_frame ||
        dwarf_attr_integrate(&function, DW_AT_frame_base, &attribute) == nullptr ||
        dwarf_getlocation_addr(&attribute, address_, &base.ops, &base.count, 1) < 1)
      return no_frame();
    if (base.count == 1 && is_register(base.ops[0].atom)) {
      start(path::Register{static_cast<int>(base.ops[0].atom - DW_OP_reg0)}, offset);
      return std::nullopt;
    }
    return nested(base, offset, depth);
  }

  std::optional<Whereabouts> call_frame(int depth) {
    for (Dwarf_CFI* table : {dwarf_getcfi_elf(scope_.file->handle()), dwarf_getcfi(scope_.dwarf)}) {
      Dwarf_Frame* row = nullptr;
      if (table == nullptr || dwarf_cfi_addrframe(table, address_, &row) != 0) continue;
      Program program;
      const int status = dwarf_frame_cfa(row, &program.ops, &program.count);
      std::optional<Whereabouts> result = status == 0 && program.count > 0 ? nested(program, 0, depth) : no_frame();
      std::free(row);
      return result;
    }
    return no_frame();
  }

  // The program of a frame base or CFA gives an address to start from.
  std::optional<Whereabouts> nested(Program program, std::int64_t offset, int depth) {
    if (depth >= deepest_frame) return no_frame();
    Evaluator inner(address_, scope_);
    const Whereabouts base = inner.run(program, depth + 1);
    const Location* location = std::get_if<Location>(&base);
    if (location == nullptr) return base;
    at_ = *location;
    at_.offset += offset;
    started_ = true;
    return std::nullopt;
  }

  static Whereabouts no_frame() { return Unavailable{Reason::no_frame, "the stack frame there is not described"}; }

  std::uint64_t address_;
  const Scope& scope_;
  Location at_ = {};
  bool started_ = false;
  bool is_value_ = false;
};

using Range = std::pair<Dwarf_Addr, Dwarf_Addr>;

// Where the location list has entries within the function; neighbours are joined.
std::vector<Range> live_ranges(Dwarf_Attribute& attribute, const Scope& scope) {
  std::vector<Range> ranges;
  Dwarf_Addr base = 0, start = 0, end = 0;
  Program program;
  for (std::ptrdiff_t at = 0;
       (at = dwarf_getlocations(&attribute, at, &base, &start, &end, &program.ops, &program.count)) > 0;)
    if (start >= scope.entry && start < scope.end && program.count > 0) ranges.emplace_back(start, end);
  std::ranges::sort(ranges);
  std::vector<Range> joined;
  for (const Range& range : ranges) {
    if (!joined.empty() && range.first <= joined.back().second)
      joined.back().second = std::max(joined.back().second, range.second);
    else
      joined.push_back(range);
  }
  return joined;
}

// "it lives in [+35, +90), [+120, +128)", relative to the entry.
Unavailable lives_elsewhere(Dwarf_Attribute& attribute, const Scope& scope) {
  const std::vector<Range> ranges = live_ranges(attribute, scope);
  if (ranges.empty()) return {Reason::optimised_out, "it is optimised out there"};
  constexpr std::size_t most_shown = 3;
  std::string text;
  for (std::size_t i = 0; i < ranges.size() && i < most_shown; ++i)
    text +=
        fmt::format("{}[+{}, +{})", i > 0 ? ", " : "", ranges[i].first - scope.entry, ranges[i].second - scope.entry);
  if (ranges.size() > most_shown) text += ", ...";
  return {Reason::not_here, "it is optimised out there; it lives at " + text};
}

// endbr64 and the call that tracing inserts.
constexpr std::uint64_t longest_entry_code = 4 + 5;

// The compiler's lists often begin after the code that is inserted at the entry; the registers of the
// parameters are the same before it. A location that begins later may hold something else by then.
std::optional<Program> first_after_entry(Dwarf_Attribute& attribute, const Scope& scope) {
  std::optional<Program> found;
  Dwarf_Addr base = 0, start = 0, end = 0,
             nearest = std::min<Dwarf_Addr>(scope.end, scope.entry + longest_entry_code + 1);
  Program program;
  for (std::ptrdiff_t at = 0;
       (at = dwarf_getlocations(&attribute, at, &base, &start, &end, &program.ops, &program.count)) > 0;) {
    if (start <= scope.entry || start >= nearest || start == end) continue;
    nearest = start;
    found = program;
  }
  return found;
}

}  // namespace

Whereabouts locate_variable(Dwarf_Die variable, bool is_parameter, std::uint64_t address, const Scope& scope) {
  Dwarf_Attribute attribute;
  if (dwarf_attr_integrate(&variable, DW_AT_const_value, &attribute) != nullptr) {
    Dwarf_Sword value = 0;
    if (dwarf_formsdata(&attribute, &value) == 0) return Location{.base = path::Constant{.value = value}};
    return computed();
  }
  if (dwarf_attr_integrate(&variable, DW_AT_location, &attribute) == nullptr)
    return Unavailable{Reason::optimised_out, "it is optimised out"};
  Program program;
  if (dwarf_getlocation_addr(&attribute, address, &program.ops, &program.count, 1) < 1) {
    const bool at_entry = is_parameter && scope.has_function && address == scope.entry;
    const auto later = at_entry ? first_after_entry(attribute, scope) : std::nullopt;
    if (!later) return lives_elsewhere(attribute, scope);
    program = *later;
  }
  return Evaluator(address, scope).run(program, 0);
}

std::vector<AddressRange> location_ranges(Dwarf_Die variable, const AddressRange& everywhere) {
  Dwarf_Attribute attribute;
  if (dwarf_attr_integrate(&variable, DW_AT_const_value, &attribute) != nullptr) return {everywhere};
  if (dwarf_attr_integrate(&variable, DW_AT_location, &attribute) == nullptr) return {};
  std::vector<AddressRange> ranges;
  Dwarf_Addr base = 0;
  AddressRange range;
  Program program;
  for (std::ptrdiff_t at = 0;
       (at = dwarf_getlocations(&attribute, at, &base, &range.begin, &range.end, &program.ops, &program.count)) > 0;) {
    if (program.count == 0 || range.begin >= range.end) continue;
    // A single expression has no bounds.
    ranges.push_back(range.begin == 0 && range.end == static_cast<Dwarf_Addr>(-1) ? everywhere : range);
  }
  std::ranges::sort(ranges, {}, &AddressRange::begin);
  std::vector<AddressRange> joined;
  for (const AddressRange& next : ranges) {
    if (!joined.empty() && next.begin <= joined.back().end)
      joined.back().end = std::max(joined.back().end, next.end);
    else
      joined.push_back(next);
  }
  return joined;
}

}  // namespace dtp::debug
