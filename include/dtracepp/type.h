// The types of the traced program, in our own words.
//
// DWARF and BTF are finders that fill these. A type is loaded when it is first looked at: the
// kernel has a hundred thousand of them and a question needs ten.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace dtp::type {

// Names a type within one Table. The key is the finder's own: a DIE offset or a BTF id; 0 is void. Keys from
// `first_added` on are of types that were added to the table.
struct Id {
  std::uint64_t key = 0;
  auto operator<=>(const Id&) const = default;
};

enum class Kind {
  void_,
  integer,
  boolean,
  character,
  floating,
  enumeration,
  pointer,
  reference,
  array,
  structure,
  union_,
  class_,
  function,
  typedef_,
  qualifier,  // const, volatile, restrict, atomic
  unknown,
};

struct Member {
  std::string name = {};  // empty: an anonymous struct or union
  Id type = {};
  std::uint64_t bit_offset = 0;  // from the start of the aggregate; least significant bit first
  std::uint32_t bit_size = 0;    // 0: not a bitfield
  bool is_virtual = false;       // a virtual base: its place is known at run time only
};

struct Enumerator {
  std::string name = {};
  std::int64_t value = 0;
};

struct Parameter {
  std::string name = {};
  Id type = {};
};

struct Type {
  Kind kind = Kind::unknown;
  std::string name = {};                    // without "struct"; empty: anonymous
  bool has_tag = true;                      // an aggregate or enum is called "struct NAME", as in C
  std::uint64_t size = 0;                   // bytes; 0: unknown
  bool is_signed = false;                   // integer, character, enumeration
  bool is_declaration = false;              // an aggregate whose body is not here
  Id target = {};                           // pointer, array element, typedef, qualifier, function result
  std::optional<std::uint64_t> count = {};  // array: elements; none: not known
  std::vector<Member> members = {};
  std::vector<Enumerator> enumerators = {};
  std::optional<Member> discriminant =
      {};                                  // an aggregate of variants, one of which is there: `enumerators` tells which
  std::vector<Parameter> parameters = {};  // function
  std::vector<Id> arguments = {};          // of a template: those that are types
};

// Fills types on demand. Implemented by the readers of debug information.
class Loader {
 public:
  virtual ~Loader() = default;
  virtual Type load_type(Id id) = 0;
};

// The types of one debug file. Not owner of its loader.
class Table {
 public:
  explicit Table(Loader& loader) : loader_(&loader) {}
  const Type& at(Id id);
  // A type that the program need not have: a pointer that only a cast names.
  Id add_pointer(Id target);

 private:
  static constexpr std::uint64_t first_added = 0xFFFF'0000'0000'0000;
  Loader* loader_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Type>> loaded_ = {};
  std::uint64_t next_added_ = first_added;
};

}  // namespace dtp::type
