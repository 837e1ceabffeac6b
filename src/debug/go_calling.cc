// Go's internal ABI on amd64 (src/cmd/compile/abi-internal.md of Go 1.17 and later). A parameter or result is taken
// apart into its scalars; if there are registers for all of them it goes there, one scalar a register, else all of it
// goes to the stack and no register is used up:
//   integers and pointers: RAX RBX RCX RDI RSI R8 R9 R10 R11;  floating point: X0 to X14.
//   A string is two scalars, an interface two, a slice three. An array of one element is that element, one of none
//   is nothing, and a longer one never goes to registers.
// The stack holds the parameters that need it, then, aligned to a word, the results. The count of registers starts
// anew for the results. Before 1.17, and in assembly, all go to the stack.
#include "debug/go_calling.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "type/query.h"

namespace dtp::debug {
namespace {

using type::Kind;

constexpr std::uint64_t word = 8;
constexpr std::array<int, 9> integer_registers{0, 3, 2, 5, 4, 8, 9, 10, 11};
constexpr std::size_t float_registers = 15;

// More than fit into all registers; the file may say otherwise.
constexpr int deepest_nesting = 32;
constexpr int most_members = 1000;

// A part of a value that goes to a register of its own.
struct Scalar {
  std::uint64_t offset = 0;  // in the value
  std::uint64_t size = 0;
  Whereabouts at = {};
};

class Sequence {
 public:
  Sequence(type::Table& types, GoCalling calling) : types_(types), calling_(calling) {}

  // `stack` is the address of the first stack slot from the stack pointer.
  Whereabouts place(type::Id id, const arch::Arch& arch, std::int64_t stack) {
    const std::size_t integers = integers_, floats = floats_;
    scalars_.clear();
    members_left_ = most_members;
    const std::uint64_t size = type::size_of(types_, id);
    if (calling_ == GoCalling::registers && size != 0 && assign(id, 0, 0)) return in_registers(size);
    integers_ = integers;
    floats_ = floats;
    align(alignment(id, 0));
    const Location where{.kind = Location::Kind::memory,
                         .base = path::Register{arch.stack_pointer},
                         .offset = stack + static_cast<std::int64_t>(bytes_)};
    bytes_ += size;
    return where;
  }

  void align(std::uint64_t to) { bytes_ = (bytes_ + to - 1) / to * to; }
  void start_results() {
    align(word);
    integers_ = floats_ = 0;
  }

 private:
  Whereabouts in_registers(std::uint64_t size) {
    if (scalars_.size() == 1 && scalars_[0].size == size) return scalars_[0].at;
    std::vector<Piece> parts;
    std::uint64_t end = 0;
    for (const Scalar& scalar : scalars_) {
      if (scalar.offset > end)
        parts.push_back({.bits = (scalar.offset - end) * 8, .at = Unavailable{Reason::in_pieces, "it is padding"}});
      parts.push_back({.bits = scalar.size * 8, .at = scalar.at});
      end = scalar.offset + scalar.size;
    }
    return Location{.kind = Location::Kind::pieces,
                    .parts = std::make_shared<const std::vector<Piece>>(std::move(parts))};
  }

  bool add_integer(std::uint64_t offset, std::uint64_t size) {
    if (size > word || integers_ >= integer_registers.size()) return false;
    scalars_.push_back({offset, size, Location{.base = path::Register{integer_registers[integers_++]}}});
    return true;
  }

  bool add_float(std::uint64_t offset, std::uint64_t size) {
    if (floats_ >= float_registers) return false;
    ++floats_;
    scalars_.push_back({offset, size, Unavailable{Reason::float_register, "it is in a floating-point register"}});
    return true;
  }

  bool assign_members(const type::Type& type, std::uint64_t offset, int depth) {
    return std::ranges::all_of(type.members, [&](const type::Member& member) {
      return assign(member.type, offset + member.bit_offset / 8, depth + 1);
    });
  }

  bool assign(type::Id id, std::uint64_t offset, int depth) {
    if (depth > deepest_nesting || --members_left_ < 0) return false;
    const type::Type& type = types_.at(type::strip(types_, id));
    switch (type.kind) {
      case Kind::integer:
      case Kind::boolean:
      case Kind::character:
      case Kind::enumeration: return add_integer(offset, type.size);
      case Kind::pointer:
      case Kind::reference:
      case Kind::function: return add_integer(offset, word);
      case Kind::floating:
        // complex64 and complex128 are two numbers.
        if (type.name.starts_with("complex"))
          return add_float(offset, type.size / 2) && add_float(offset + type.size / 2, type.size / 2);
        return add_float(offset, type.size);
      case Kind::structure:
      case Kind::class_: return !type.is_declaration && assign_members(type, offset, depth);
      case Kind::array: return type.count == 0 || (type.count == 1 && assign(type.target, offset, depth + 1));
      case Kind::union_:
      case Kind::void_:
      case Kind::typedef_:
      case Kind::qualifier:
      case Kind::unknown: return false;
    }
    return false;
  }

  std::uint64_t alignment(type::Id id, int depth) {
    const type::Type& type = types_.at(type::strip(types_, id));
    if (depth > deepest_nesting || --members_left_ < 0) return word;
    if (type.kind == Kind::array) return alignment(type.target, depth + 1);
    if (type.kind == Kind::structure || type.kind == Kind::class_) {
      std::uint64_t most = 1;
      for (const type::Member& member : type.members) most = std::max(most, alignment(member.type, depth + 1));
      return most;
    }
    const std::uint64_t size = type.name == "complex64" ? type.size / 2 : type.size;
    return size == 1 || size == 2 || size == 4 ? size : word;
  }

  type::Table& types_;
  GoCalling calling_;
  std::size_t integers_ = 0;
  std::size_t floats_ = 0;
  std::uint64_t bytes_ = 0;  // of the stack
  int members_left_ = most_members;
  std::vector<Scalar> scalars_ = {};  // by their offsets
};

}  // namespace

std::vector<Whereabouts> place_go_results(type::Table& types, const arch::Arch& arch, GoCalling calling,
                                          std::span<const type::Id> parameters, std::span<const type::Id> results) {
  // A return instruction finds the stack as the entry did: the return address on top.
  const std::int64_t stack = arch.stack_argument_offset;
  Sequence sequence(types, calling);
  for (const type::Id id : parameters) sequence.place(id, arch, stack);
  sequence.start_results();
  std::vector<Whereabouts> all;
  for (const type::Id id : results) all.push_back(sequence.place(id, arch, stack));
  return all;
}

}  // namespace dtp::debug
