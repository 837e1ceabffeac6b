#include "debug/dwarf_operations.h"

#include <dwarf.h>
#include <fmt/format.h>

namespace dtp::debug {
namespace {

struct Named {
  unsigned op;
  const char* name;
};

// Those that an expression can fail at.
constexpr Named names[] = {
    {DW_OP_abs, "abs"},
    {DW_OP_and, "and"},
    {DW_OP_div, "div"},
    {DW_OP_minus, "minus"},
    {DW_OP_mod, "mod"},
    {DW_OP_mul, "mul"},
    {DW_OP_neg, "neg"},
    {DW_OP_not, "not"},
    {DW_OP_or, "or"},
    {DW_OP_plus, "plus"},
    {DW_OP_plus_uconst, "plus_uconst"},
    {DW_OP_shl, "shl"},
    {DW_OP_shr, "shr"},
    {DW_OP_shra, "shra"},
    {DW_OP_xor, "xor"},
    {DW_OP_bra, "bra"},
    {DW_OP_skip, "skip"},
    {DW_OP_eq, "eq"},
    {DW_OP_ge, "ge"},
    {DW_OP_gt, "gt"},
    {DW_OP_le, "le"},
    {DW_OP_lt, "lt"},
    {DW_OP_ne, "ne"},
    {DW_OP_rot, "rot"},
    {DW_OP_deref, "deref"},
    {DW_OP_xderef, "xderef"},
    {DW_OP_deref_size, "deref_size"},
    {DW_OP_deref_type, "deref_type"},
    {DW_OP_GNU_deref_type, "deref_type"},
    {DW_OP_push_object_address, "push_object_address"},
    {DW_OP_call2, "call2"},
    {DW_OP_call4, "call4"},
    {DW_OP_call_ref, "call_ref"},
    {DW_OP_bregx, "bregx"},
    {DW_OP_regval_type, "regval_type"},
    {DW_OP_GNU_regval_type, "regval_type"},
    {DW_OP_convert, "convert"},
    {DW_OP_GNU_convert, "convert"},
    {DW_OP_reinterpret, "reinterpret"},
    {DW_OP_GNU_reinterpret, "reinterpret"},
    {DW_OP_implicit_value, "implicit_value"},
    {DW_OP_implicit_pointer, "implicit_pointer"},
    {DW_OP_GNU_implicit_pointer, "implicit_pointer"},
    {DW_OP_entry_value, "entry_value"},
    {DW_OP_GNU_entry_value, "entry_value"},
    {DW_OP_GNU_parameter_ref, "GNU_parameter_ref"},
    {DW_OP_GNU_variable_value, "GNU_variable_value"},
    {DW_OP_GNU_uninit, "GNU_uninit"},
    {DW_OP_const_type, "const_type"},
    {DW_OP_GNU_const_type, "const_type"},
    {DW_OP_addrx, "addrx"},
};

}  // namespace

std::string operation_name(unsigned op) {
  for (const Named& known : names)
    if (known.op == op) return fmt::format("DW_OP_{}", known.name);
  return fmt::format("DWARF operation {:#x}", op);
}

std::optional<std::int64_t> constant_of_operation(const Dwarf_Op& op) {
  if (op.atom >= DW_OP_lit0 && op.atom <= DW_OP_lit31) return op.atom - DW_OP_lit0;
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

std::int64_t fold_unary(unsigned op, std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  if (op == DW_OP_not) return static_cast<std::int64_t>(~bits);
  return op == DW_OP_neg || value < 0 ? static_cast<std::int64_t>(0 - bits) : value;
}

std::optional<std::int64_t> fold(unsigned op, std::int64_t left, std::int64_t right) {
  const auto a = static_cast<std::uint64_t>(left);
  const auto b = static_cast<std::uint64_t>(right);
  const auto number = [](std::uint64_t bits) { return static_cast<std::int64_t>(bits); };
  switch (op) {
    case DW_OP_plus: return number(a + b);
    case DW_OP_minus: return number(a - b);
    case DW_OP_mul: return number(a * b);
    case DW_OP_and: return number(a & b);
    case DW_OP_or: return number(a | b);
    case DW_OP_xor: return number(a ^ b);
    case DW_OP_shl: return b < 64 ? number(a << b) : 0;
    case DW_OP_shr: return b < 64 ? number(a >> b) : 0;
    case DW_OP_shra: return left >> (b < 64 ? b : 63);
    case DW_OP_div:
      if (right == 0 || right == -1) return right == 0 ? std::nullopt : std::optional(fold_unary(DW_OP_neg, left));
      return left / right;
    case DW_OP_mod: return b == 0 ? std::nullopt : std::optional(number(a % b));
    case DW_OP_eq: return left == right;
    case DW_OP_ne: return left != right;
    case DW_OP_lt: return left < right;
    case DW_OP_le: return left <= right;
    case DW_OP_gt: return left > right;
    case DW_OP_ge: return left >= right;
    default: return std::nullopt;
  }
}

}  // namespace dtp::debug
