// A location expression is a program for a stack machine (DWARF 5, 2.5 and 2.6). What a probe can fetch is one chain: a
// register or an address, dereferences, an offset. So the stack holds values of that shape and constants. An operation
// whose result has another shape ends the run: the value is computed, and the reason names the operation.
//
// A fetch reads the low bits of a value, as many as the object has. So an operation that changes only bits above those
// can be passed over: compilers narrow a 32-bit variable in a 64-bit register by a mask, by two shifts or by a
// conversion. Each value keeps how many of its low bits are right.
#include "debug/dwarf_expression.h"

#include <dwarf.h>
#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <memory>
#include <span>
#include <utility>

#include "debug/dwarf_die.h"
#include "debug/dwarf_lines.h"
#include "debug/dwarf_location_list.h"
#include "debug/dwarf_operations.h"

namespace dtp::debug {
namespace {

// Frame bases, entry values and pointees nest one into the other; hostile ones without an end.
constexpr int deepest_program = 6;
// The standard asks for no bound. Compilers need less than ten.
constexpr std::size_t deepest_stack = 64;
constexpr int word_bits = 64;
// DWARF numbers of x86_64: from 17 up they are vector and x87 registers.
constexpr unsigned last_general = 16;

using Stop = std::optional<Unavailable>;

Unavailable computed(unsigned op) {
  return {Reason::computed,
          fmt::format("it is computed there ({}) and is in no register or memory", operation_name(op))};
}
Unavailable no_frame() { return {Reason::no_frame, "the stack frame there is not described"}; }
Unavailable optimised_out() { return {Reason::optimised_out, "it is optimised out there"}; }

struct Item {
  path::Base base = {};
  std::vector<path::Deref> derefs = {};
  std::int64_t offset = 0;
  int exact = word_bits;  // so many low bits are those of the value
  int shifted = 0;        // to the left, to be shifted back

  bool is_constant() const { return std::holds_alternative<path::Constant>(base) && derefs.empty(); }
  std::int64_t constant() const { return *fold(DW_OP_plus, std::get<path::Constant>(base).value, offset); }
  // Addresses wrap around.
  Item& move(std::int64_t by) {
    offset = *fold(DW_OP_plus, offset, by);
    return *this;
  }
  Item& move_back(std::int64_t by) {
    offset = *fold(DW_OP_minus, offset, by);
    return *this;
  }
};

Item item_of(std::int64_t constant) { return {.base = path::Constant{.value = constant}}; }

// Of a block of bytes, eight at a time. Little endian.
Whereabouts constant_bytes(std::span<const std::byte> bytes) {
  constexpr std::size_t most_bytes = 4096;
  if (bytes.empty() || bytes.size() > most_bytes) return optimised_out();
  std::vector<Piece> pieces;
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(std::int64_t)) {
    const std::size_t count = std::min(bytes.size() - at, sizeof(std::int64_t));
    std::int64_t value = 0;
    std::memcpy(&value, bytes.data() + at, count);
    pieces.push_back({.bits = count * 8, .at = Location{.base = path::Constant{.value = value}}});
  }
  if (pieces.size() == 1) return pieces[0].at;
  return Location{.kind = Location::Kind::pieces, .parts = std::make_shared<const std::vector<Piece>>(pieces)};
}

std::span<const std::byte> bytes_of(const Dwarf_Block& block) {
  return {reinterpret_cast<const std::byte*>(block.data), block.length};
}

class Machine {
 public:
  Machine(std::uint64_t address, const Scope& scope, int depth) : address_(address), scope_(scope), depth_(depth) {}

  Whereabouts run(Program program, std::uint64_t bits) {
    if (program.count == 0) return optimised_out();
    std::vector<Piece> pieces;
    Program part{program.attribute, program.ops, 0};
    for (std::size_t i = 0; i < program.count; ++i) {
      const Dwarf_Op& op = program.ops[i];
      if (op.atom != DW_OP_piece && op.atom != DW_OP_bit_piece) {
        ++part.count;
        continue;
      }
      Piece piece{.bits = op.atom == DW_OP_piece ? op.number * 8 : op.number,
                  .bit_offset = op.atom == DW_OP_piece ? 0 : op.number2};
      piece.at = run_part(part, piece.bits + piece.bit_offset);
      if (piece.bits > 0) pieces.push_back(std::move(piece));
      part = {program.attribute, program.ops + i + 1, 0};
    }
    if (pieces.empty()) return run_part(part, bits);
    return Location{.kind = Location::Kind::pieces,
                    .parts = std::make_shared<const std::vector<Piece>>(std::move(pieces))};
  }

  // The value that an expression computes: of a frame base, of a register at the entry.
  Stop push_result(Program program) {
    if (depth_ >= deepest_program) return no_frame();
    Machine inner(address_, scope_, depth_ + 1);
    const Whereabouts result = inner.run(program, word_bits);
    if (const auto* missing = std::get_if<Unavailable>(&result)) return *missing;
    const auto& location = std::get<Location>(result);
    if (location.parts != nullptr) return computed(program.ops[0].atom);
    stack_.push_back({.base = location.base, .derefs = location.derefs, .offset = location.offset});
    return std::nullopt;
  }

 private:
  // What describes a whole object, or a piece of one.
  Whereabouts run_part(Program program, std::uint64_t bits) {
    if (program.count == 0) return optimised_out();
    const Dwarf_Op& op = program.ops[0];
    if (const auto number = register_of(op)) return register_value(*number);
    if (op.atom == DW_OP_implicit_value) {
      Dwarf_Block block;
      if (program.attribute == nullptr || dwarf_getlocation_implicit_value(program.attribute, &op, &block) != 0)
        return computed(op.atom);
      return constant_bytes(bytes_of(block));
    }
    if (op.atom == DW_OP_implicit_pointer || op.atom == DW_OP_GNU_implicit_pointer) return pointee(program);
    stack_.clear();
    is_value_ = false;
    for (std::size_t i = 0; i < program.count; ++i)
      if (Stop stop = step({program.attribute, program.ops + i, 1})) return *stop;
    if (stack_.empty()) return computed(op.atom);
    Item& top = stack_.back();
    if (top.shifted != 0) return computed(DW_OP_shl);
    if (top.exact < word_bits && (!is_value_ || bits == 0 || bits > static_cast<std::uint64_t>(top.exact)))
      return computed(narrowing_);
    if (is_value_ && top.is_constant()) top = item_of(top.constant());
    return Location{.kind = is_value_ ? Location::Kind::value : Location::Kind::memory,
                    .base = std::move(top.base),
                    .derefs = std::move(top.derefs),
                    .offset = top.offset};
  }

  static std::optional<std::uint64_t> register_of(const Dwarf_Op& op) {
    if (op.atom >= DW_OP_reg0 && op.atom <= DW_OP_reg31) return op.atom - DW_OP_reg0;
    if (op.atom == DW_OP_regx) return op.number;
    return std::nullopt;
  }

  static Whereabouts register_value(std::uint64_t number) {
    if (number > last_general)
      return Unavailable{Reason::float_register, "it is in a floating-point register, which probes cannot read"};
    return Location{.kind = Location::Kind::value, .base = path::Register{static_cast<int>(number)}};
  }

  Whereabouts pointee(Program program) {
    const Dwarf_Op& op = program.ops[0];
    Dwarf_Die target;
    if (depth_ >= deepest_program || program.attribute == nullptr ||
        dwarf_getlocation_die(program.attribute, &op, &target) != 0)
      return computed(op.atom);
    Whereabouts at = locate_variable(target, false, address_, scope_, depth_ + 1);
    if (std::holds_alternative<Unavailable>(at))
      return Unavailable{Reason::optimised_out, "it is optimised out there, and so is what it points to"};
    return Location{.kind = Location::Kind::pointee,
                    .offset = static_cast<std::int64_t>(op.number2),
                    .parts = std::make_shared<const std::vector<Piece>>(1, Piece{.at = std::move(at)})};
  }

  Stop step(Program one) {
    if (stack_.size() > deepest_stack) return computed(one.ops[0].atom);
    const Dwarf_Op& op = one.ops[0];
    if (push_literal(one)) return std::nullopt;
    switch (op.atom) {
      case DW_OP_nop: return std::nullopt;
      case DW_OP_fbreg: return frame_base(static_cast<std::int64_t>(op.number));
      case DW_OP_call_frame_cfa: return call_frame();
      case DW_OP_entry_value:
      case DW_OP_GNU_entry_value: return entry_value(one);
      case DW_OP_form_tls_address:
      case DW_OP_GNU_push_tls_address:
        return Unavailable{Reason::thread_local_, "it is thread-local: its address differs from thread to thread"};
      default: break;
    }
    if (stack_.empty()) return computed(op.atom);
    if (Stop stop; handle_stack(op)) return stop;
    return one_operand(one);
  }

  bool push_literal(Program one) {
    const Dwarf_Op& op = one.ops[0];
    if (op.atom >= DW_OP_breg0 && op.atom <= DW_OP_breg0 + last_general) {
      stack_.push_back({.base = path::Register{op.atom - DW_OP_breg0}, .offset = static_cast<std::int64_t>(op.number)});
    } else if (op.atom == DW_OP_bregx && op.number <= last_general) {
      stack_.push_back(
          {.base = path::Register{static_cast<int>(op.number)}, .offset = static_cast<std::int64_t>(op.number2)});
    } else if ((op.atom == DW_OP_regval_type || op.atom == DW_OP_GNU_regval_type) && op.number <= last_general) {
      stack_.push_back({.base = path::Register{static_cast<int>(op.number)}});
      narrow(type_bits(one), op.atom);
    } else if (op.atom == DW_OP_addr) {
      stack_.push_back({.base = path::Address{op.number}});
    } else if (const auto constant = constant_of_operation(op)) {
      stack_.push_back(item_of(*constant));
    } else {
      return indirect_literal(one);
    }
    return true;
  }

  // Those that stand elsewhere: in .debug_addr, or in a block with a type.
  bool indirect_literal(Program one) {
    const Dwarf_Op& op = one.ops[0];
    const bool is_address = op.atom == DW_OP_addrx || op.atom == DW_OP_GNU_addr_index;
    const bool is_typed = op.atom == DW_OP_const_type || op.atom == DW_OP_GNU_const_type;
    Dwarf_Attribute attribute;
    if ((!is_address && !is_typed && op.atom != DW_OP_constx && op.atom != DW_OP_GNU_const_index) ||
        one.attribute == nullptr || dwarf_getlocation_attr(one.attribute, &op, &attribute) != 0)
      return false;
    Dwarf_Addr address = 0;
    Dwarf_Word value = 0;
    Dwarf_Block block;
    if (is_address && dwarf_formaddr(&attribute, &address) == 0) {
      stack_.push_back({.base = path::Address{address}});
    } else if (is_typed && dwarf_formblock(&attribute, &block) == 0 && block.length <= sizeof value) {
      std::memcpy(&value, block.data, block.length);
      stack_.push_back(item_of(static_cast<std::int64_t>(value)));
    } else if (!is_address && !is_typed && dwarf_formudata(&attribute, &value) == 0) {
      stack_.push_back(item_of(static_cast<std::int64_t>(value)));
    } else {
      return false;
    }
    return true;
  }

  bool handle_stack(const Dwarf_Op& op) {
    const std::size_t size = stack_.size();
    switch (op.atom) {
      case DW_OP_dup: stack_.push_back(Item(stack_.back())); return true;
      case DW_OP_drop: stack_.pop_back(); return true;
      case DW_OP_over:
      case DW_OP_pick: {
        const std::size_t index = op.atom == DW_OP_over ? 1 : op.number;
        if (index >= size) return false;
        stack_.push_back(Item(stack_[size - 1 - index]));
        return true;
      }
      case DW_OP_swap:
        if (size < 2) return false;
        std::swap(stack_[size - 1], stack_[size - 2]);
        return true;
      default: return false;
    }
  }

  Stop one_operand(Program one) {
    const Dwarf_Op& op = one.ops[0];
    Item& top = stack_.back();
    switch (op.atom) {
      case DW_OP_stack_value: is_value_ = true; return std::nullopt;
      case DW_OP_plus_uconst: top.move(static_cast<std::int64_t>(op.number)); return std::nullopt;
      case DW_OP_deref: return read(word_bits, op.atom);
      case DW_OP_deref_size:
      case DW_OP_deref_type:
      case DW_OP_GNU_deref_type: return read(static_cast<int>(std::min<Dwarf_Word>(op.number, 8)) * 8, op.atom);
      case DW_OP_convert:
      case DW_OP_GNU_convert:
      case DW_OP_reinterpret:
      case DW_OP_GNU_reinterpret:
        if (is_float(one)) return computed(op.atom);
        narrow(type_bits(one), op.atom);
        return std::nullopt;
      case DW_OP_neg:
      case DW_OP_not:
      case DW_OP_abs:
        if (!top.is_constant()) return computed(op.atom);
        top = item_of(fold_unary(op.atom, top.constant()));
        return std::nullopt;
      default: return two_operands(op);
    }
  }

  Stop two_operands(const Dwarf_Op& op) {
    if (stack_.size() < 2) return computed(op.atom);
    const Item right = stack_.back();
    stack_.pop_back();
    Item& left = stack_.back();
    if (left.is_constant() && right.is_constant()) {
      const auto folded = fold(op.atom, left.constant(), right.constant());
      if (!folded) return computed(op.atom);
      left = item_of(*folded);
      return std::nullopt;
    }
    if (op.atom == DW_OP_plus && left.is_constant() && right.shifted == 0) {
      const std::int64_t constant = left.constant();
      left = right;
      left.move(constant);
      return std::nullopt;
    }
    if (!right.is_constant()) return computed(op.atom);
    return apply_constant(op.atom, left, right.constant());
  }

  Stop apply_constant(unsigned op, Item& left, std::int64_t constant) {
    const auto mask = static_cast<std::uint64_t>(constant);
    if (op == DW_OP_plus && left.shifted == 0) {
      left.move(constant);
    } else if (op == DW_OP_minus && left.shifted == 0) {
      left.move_back(constant);
    } else if (op == DW_OP_and && left.shifted == 0 && std::has_single_bit(mask + 1) && mask != 0) {
      narrow(std::popcount(mask), op);
    } else if (op == DW_OP_shl && left.shifted == 0 && constant > 0 && constant < word_bits) {
      left.shifted = static_cast<int>(constant);
    } else if ((op == DW_OP_shr || op == DW_OP_shra) && left.shifted != 0 && constant == left.shifted) {
      left.shifted = 0;
      narrow(word_bits - static_cast<int>(constant), op);
    } else {
      return computed(op);
    }
    return std::nullopt;
  }

  Stop read(int bits, unsigned op) {
    Item& top = stack_.back();
    if (is_value_ || top.exact < word_bits || top.shifted != 0 || top.is_constant()) return computed(op);
    top.derefs.push_back({std::exchange(top.offset, 0), false});
    narrow(bits, op);
    return std::nullopt;
  }

  void narrow(int bits, unsigned op) {
    if (bits <= 0 || bits >= stack_.back().exact) return;
    stack_.back().exact = bits;
    narrowing_ = op;
  }

  // Of the type that the operation names; the generic type of no size is a word.
  static int type_bits(Program one) {
    Dwarf_Die type;
    if (one.attribute == nullptr || dwarf_getlocation_die(one.attribute, one.ops, &type) != 0) return 0;
    return static_cast<int>(std::min<std::uint64_t>(number(type, DW_AT_byte_size).value_or(0), 8)) * 8;
  }
  static bool is_float(Program one) {
    Dwarf_Die type;
    return one.attribute != nullptr && dwarf_getlocation_die(one.attribute, one.ops, &type) == 0 &&
           number(type, DW_AT_encoding) == DW_ATE_float;
  }

  // The values that registers had at the entry are gone later, unless another location tells of them.
  Stop entry_value(Program one) {
    Dwarf_Attribute block;
    Program program{.attribute = &block};
    if (one.attribute == nullptr || dwarf_getlocation_attr(one.attribute, one.ops, &block) != 0 ||
        dwarf_getlocation(&block, &program.ops, &program.count) != 0 || program.count == 0)
      return computed(one.ops[0].atom);
    if (scope_.has_function && address_ == scope_.entry) return push_result(program);
    return Unavailable{Reason::computed, "it is known there only as what a register held at the entry of the function"};
  }

  Stop frame_base(std::int64_t offset) {
    Dwarf_Attribute attribute;
    Program base{.attribute = &attribute};
    Dwarf_Die function = scope_.function;
    if (!scope_.has_function || !find_location(function, DW_AT_frame_base, attribute) ||
        dwarf_getlocation_addr(&attribute, address_, &base.ops, &base.count, 1) < 1)
      return no_frame();
    if (const auto number = register_of(base.ops[0]); number && base.count == 1)
      return *number <= last_general ? register_frame(static_cast<int>(*number), offset) : no_frame();
    if (Stop stop = push_result(base)) return stop;
    stack_.back().move(offset);
    return std::nullopt;
  }

  // clang's frame base is a register (%rbp, %rsp) as it is once the frame stands. Before that the register is the
  // caller's or points elsewhere, which clang does not say; where the frame will be, the call frame does.
  Stop register_frame(int number, std::int64_t offset) {
    stack_.push_back({.base = path::Register{number}, .offset = offset});
    const std::uint64_t body = prologue_end(scope_.function, scope_.entry, scope_.end);
    if (address_ < scope_.entry || address_ >= body) return std::nullopt;
    const std::optional<Item> standing = call_frame_at(body);
    std::optional<Item> now = call_frame_at(address_);
    if (!standing || !now || standing->base != path::Base(path::Register{number}) || !standing->derefs.empty())
      return std::nullopt;
    now->move(offset).move_back(standing->offset);
    stack_.back() = std::move(*now);
    return std::nullopt;
  }

  Stop call_frame() {
    std::optional<Item> frame = call_frame_at(address_);
    if (!frame) return no_frame();
    stack_.push_back(std::move(*frame));
    return std::nullopt;
  }

  // The canonical frame address, from .eh_frame or .debug_frame.
  std::optional<Item> call_frame_at(std::uint64_t address) const {
    // The file's is ours to give back, the other one is libdw's.
    const std::unique_ptr<Dwarf_CFI, int (*)(Dwarf_CFI*)> of_file(dwarf_getcfi_elf(scope_.file->handle()),
                                                                  dwarf_cfi_end);
    for (Dwarf_CFI* table : {of_file.get(), dwarf_getcfi(scope_.dwarf)}) {
      Dwarf_Frame* row = nullptr;
      if (table == nullptr || dwarf_cfi_addrframe(table, address, &row) != 0) continue;
      Program program;
      Machine machine(address, scope_, depth_);
      const bool is_known =
          dwarf_frame_cfa(row, &program.ops, &program.count) == 0 && program.count > 0 && !machine.push_result(program);
      std::free(row);
      if (!is_known) return std::nullopt;
      return std::move(machine.stack_.back());
    }
    return std::nullopt;
  }

  std::uint64_t address_;
  const Scope& scope_;
  int depth_;
  std::vector<Item> stack_ = {};
  bool is_value_ = false;
  unsigned narrowing_ = DW_OP_and;
};

}  // namespace

Whereabouts evaluate(Program program, std::uint64_t bytes, std::uint64_t address, const Scope& scope, int depth) {
  return Machine(address, scope, depth).run(program, bytes * 8);
}

Whereabouts evaluate_constant(Dwarf_Attribute& attribute) {
  Dwarf_Sword value = 0;
  if (dwarf_formsdata(&attribute, &value) == 0) return Location{.base = path::Constant{.value = value}};
  Dwarf_Block block;
  if (dwarf_formblock(&attribute, &block) == 0) return constant_bytes(bytes_of(block));
  if (const char* text = dwarf_formstring(&attribute); text != nullptr)
    return constant_bytes(std::as_bytes(std::span(text, std::strlen(text) + 1)));
  return optimised_out();
}

}  // namespace dtp::debug
