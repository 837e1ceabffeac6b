// The calling convention of the System V ABI, AMD64 supplement, 3.2.3, as far as C in the kernel
// needs it. A value is cut into eightbytes and each gets a class:
//   integer: the next of the six argument registers;  sse: a vector register, which no fetch-arg reads;
//   memory: the stack, in order, above the return address.
// A value of two eightbytes goes into registers only when there are enough for all of it, else whole to
// the stack; one over sixteen bytes always does, and takes no register. A result of class memory is
// returned through a hidden first argument.
#include "debug/calling.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "type/query.h"

namespace dtp::debug {
namespace {

constexpr std::uint64_t eightbyte = 8;
// Sixteen bytes hold no more; the file may say otherwise.
constexpr int deepest_nesting = 16;
constexpr int most_parts = 1000;

enum class Class { none, integer, sse, memory, unknown };

// The classes of both eightbytes; a value of class memory or unknown has it in the first.
struct Classes {
  std::array<Class, 2> of{Class::none, Class::none};
  bool is(Class wanted) const { return of[0] == wanted; }
  std::size_t count(Class wanted) const { return static_cast<std::size_t>(std::ranges::count(of, wanted)); }
};

class Classifier {
 public:
  explicit Classifier(type::Table& types) : types_(types) {}

  Classes classify(type::Id id) {
    const std::uint64_t size = type::size_of(types_, id);
    if (size > 2 * eightbyte) return {{Class::memory, Class::none}};
    classes_ = {};
    parts_left_ = most_parts;
    add(id, 0, 0);
    for (const Class whole : {Class::unknown, Class::memory})
      if (classes_.count(whole) != 0) return {{whole, Class::none}};
    return classes_;
  }

 private:
  void merge(std::uint64_t offset, Class with) {
    Class& at = classes_.of[std::min<std::uint64_t>(offset / eightbyte, 1)];
    if (at == Class::none || with == Class::unknown || with == Class::memory) at = with;
    if (at == Class::sse && with == Class::integer) at = Class::integer;
  }

  void add_scalar(std::uint64_t offset, std::uint64_t size, Class of) {
    if (size == 0 || size > 2 * eightbyte) return merge(offset, Class::unknown);
    if (offset % std::min(size, eightbyte) != 0) return merge(offset, Class::memory);  // packed
    for (std::uint64_t at = offset; at < offset + size; at += eightbyte) merge(at, of);
  }

  void add_aggregate(const type::Type& type, std::uint64_t offset, int depth) {
    if (type.is_declaration) return merge(offset, Class::unknown);
    for (const type::Member& member : type.members) {
      const std::uint64_t bits = offset * 8 + member.bit_offset;
      if (bits / 8 >= 2 * eightbyte) continue;  // a flexible array at the end
      if (member.bit_size != 0) {
        merge(bits / 8, Class::integer);
      } else {
        add(member.type, bits / 8, depth + 1);
      }
    }
  }

  void add_array(const type::Type& type, std::uint64_t offset, int depth) {
    const std::uint64_t step = type::size_of(types_, type.target);
    if (step == 0 && type.count.value_or(0) != 0) return merge(offset, Class::unknown);
    for (std::uint64_t i = 0; i < type.count.value_or(0) && offset < 2 * eightbyte; ++i, offset += step)
      add(type.target, offset, depth + 1);
  }

  void add(type::Id id, std::uint64_t offset, int depth) {
    if (depth > deepest_nesting || --parts_left_ < 0) return merge(offset, Class::unknown);
    const type::Type& type = types_.at(type::strip(types_, id));
    switch (type.kind) {
      case type::Kind::integer:
      case type::Kind::boolean:
      case type::Kind::character:
      case type::Kind::enumeration:
      case type::Kind::pointer:
      case type::Kind::reference: return add_scalar(offset, type.size, Class::integer);
      // Sixteen bytes are the x87's long double, which goes by memory.
      case type::Kind::floating:
        return add_scalar(offset, type.size, type.size > eightbyte ? Class::memory : Class::sse);
      case type::Kind::structure:
      case type::Kind::union_:
      case type::Kind::class_: return add_aggregate(type, offset, depth);
      case type::Kind::array: return add_array(type, offset, depth);
      case type::Kind::void_:
      case type::Kind::function:
      case type::Kind::typedef_:
      case type::Kind::qualifier:
      case type::Kind::unknown: return merge(offset, Class::unknown);
    }
  }

  type::Table& types_;
  Classes classes_ = {};
  int parts_left_ = 0;
};

// Hands out registers and stack slots in the order of the parameters.
class Places {
 public:
  Places(type::Table& types, const arch::Arch& arch) : types_(types), arch_(arch), classifier_(types) {}

  void start(type::Id result) {
    if (result.key == 0) return;
    const Classes classes = classifier_.classify(result);
    if (classes.is(Class::memory) && !is_floating(result)) ++next_register_;
    lost_ = classes.is(Class::unknown);
  }

  Whereabouts place(type::Id id) {
    if (lost_) return unknown();
    const Classes classes = classifier_.classify(id);
    if (classes.is(Class::unknown)) {
      lost_ = true;
      return unknown();
    }
    if (classes.is(Class::none)) return Unavailable{Reason::optimised_out, "it is empty and is not passed"};
    const std::size_t integers = classes.count(Class::integer);
    const std::size_t vectors = classes.count(Class::sse);
    if (classes.is(Class::memory) || next_register_ + integers > arch_.arguments.size() ||
        next_vector_ + vectors > vector_arguments)
      return on_stack(id);
    next_vector_ += vectors;
    const std::size_t first = next_register_;
    next_register_ += integers;
    if (integers == 0) return Unavailable{Reason::float_register, "it is in a floating-point register"};
    if (vectors != 0) return Unavailable{Reason::in_pieces, "it is partly in a floating-point register"};
    if (integers == 2)
      return Unavailable{Reason::in_pieces,
                         fmt::format("it is split over the registers %{} and %{}", name(first), name(first + 1))};
    return Location{.kind = Location::Kind::value, .base = path::Register{arch_.arguments[first]}};
  }

 private:
  static constexpr std::size_t vector_arguments = 8;

  static Unavailable unknown() {
    return {Reason::unknown_calling, "the debug information does not tell how it is passed"};
  }

  bool is_floating(type::Id id) { return types_.at(type::strip(types_, id)).kind == type::Kind::floating; }

  std::string_view name(std::size_t argument) const {
    return arch::fetch_name(arch_, arch_.arguments[argument]).value_or("?");
  }

  Whereabouts on_stack(type::Id id) {
    const type::Type& plain = types_.at(type::strip(types_, id));
    const std::uint64_t size = type::size_of(types_, id);
    const bool is_scalar = plain.kind == type::Kind::integer || plain.kind == type::Kind::floating;
    if (is_scalar && size > eightbyte) next_slot_ += next_slot_ % 2;  // aligned to sixteen bytes
    const auto offset = arch_.stack_argument_offset + static_cast<std::int64_t>(next_slot_ * eightbyte);
    next_slot_ += (size + eightbyte - 1) / eightbyte;
    return Location{.kind = Location::Kind::memory, .base = path::Register{arch_.stack_pointer}, .offset = offset};
  }

  type::Table& types_;
  const arch::Arch& arch_;
  Classifier classifier_;
  std::size_t next_register_ = 0;
  std::size_t next_vector_ = 0;
  std::uint64_t next_slot_ = 0;
  bool lost_ = false;  // after a parameter of unknown class nothing is known of those that follow
};

}  // namespace

std::vector<Whereabouts> place_parameters(type::Table& types, const arch::Arch& arch, type::Id result,
                                          std::span<const type::Id> parameters) {
  Places places(types, arch);
  places.start(result);
  std::vector<Whereabouts> all;
  for (const type::Id id : parameters) all.push_back(places.place(id));
  return all;
}

}  // namespace dtp::debug
