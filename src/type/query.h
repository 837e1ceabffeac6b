// Questions about types: what is behind a typedef, where a member lies, how C would write it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dtracepp/type.h"

namespace dtp::type {

// Behind typedefs and qualifiers. A chain that does not end gives void.
Id strip(Table& types, Id id);

struct FoundMember {
  Id type = {};
  std::uint64_t bit_offset = 0;  // from the start of the outermost aggregate
  std::uint32_t bit_size = 0;    // 0: not a bitfield
};

// The member of a struct or union, also within its anonymous members. `id` may be a typedef.
std::optional<FoundMember> find_member(Table& types, Id id, std::string_view name);

// Where in a class its base lies, or a base of its base, in bytes. Of a virtual base: none.
std::optional<std::int64_t> base_offset(Table& types, Id derived, Id base);

// `name` is a member of a virtual base of the class, or of one of its bases.
bool is_in_virtual_base(Table& types, Id id, std::string_view name);

// All names that find_member() finds, in the order of declaration.
std::vector<std::string> member_names(Table& types, Id id);

// Bytes of an object of this type; arrays multiplied out; 0: not known.
std::uint64_t size_of(Table& types, Id id);

// As C writes it: "struct file *", "const char *", "u8 [16]", "int (*)(void)" is shortened to "function *".
std::string declare(Table& types, Id id);

// "struct file" is the tag "struct" and the name "file"; "pid_t" and "unsigned int" have no tag.
struct TaggedName {
  std::string_view tag = {};
  std::string_view name = {};
};
TaggedName split_tag(std::string_view c_name);

// The outermost typedef's name on the way to the plain type: "__be32", "pid_t"; empty: none.
std::string typedef_name(Table& types, Id id);

// True for a type that one of its typedefs calls `name`: is_called(t, id, "__be32").
bool is_called(Table& types, Id id, std::string_view name);

}  // namespace dtp::type
