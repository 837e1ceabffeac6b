#include "type/query.h"

#include <doctest/doctest.h>

#include <map>

namespace dtp::type {
namespace {

// A handful of types by number; a number that is not there is unknown.
class Types : public Loader {
 public:
  explicit Types(std::map<std::uint64_t, Type> types) : types_(std::move(types)) {}
  Type load_type(Id id) override {
    ++loads;
    const auto found = types_.find(id.key);
    return found == types_.end() ? Type{} : found->second;
  }
  int loads = 0;

 private:
  std::map<std::uint64_t, Type> types_;
};

Type wrapper(Kind kind, std::string name, std::uint64_t target) {
  return {.kind = kind, .name = std::move(name), .target = {target}};
}
Type pointer(std::uint64_t target) { return {.kind = Kind::pointer, .size = 8, .target = {target}}; }
Type array(std::uint64_t target, std::optional<std::uint64_t> count) {
  return {.kind = Kind::array, .target = {target}, .count = count};
}

constexpr std::uint64_t character = 1, const_char = 2, string = 3, structure = 4, self = 5, u32 = 6, be32 = 7,
                        const_be32 = 8, bytes = 9, matrix = 10, inner = 11, outer = 12, fixed_pointer = 13,
                        pointer_to_array = 14, function = 15, flexible = 16, huge = 17, pid_type = 18, pointers = 19,
                        pointer_to_self = 20, callback = 21;

std::map<std::uint64_t, Type> sample() {
  return {
      {character, {.kind = Kind::character, .name = "unsigned char", .size = 1}},
      {const_char, wrapper(Kind::qualifier, "const", character)},
      {string, pointer(const_char)},
      {structure,
       {.kind = Kind::structure,
        .name = "file",
        .size = 16,
        .members = {{"a", {u32}, 0, 0}, {"", {inner}, 64, 0}, {"z", {string}, 128, 0}}}},
      {self, wrapper(Kind::typedef_, "self", self)},
      {u32, {.kind = Kind::integer, .name = "unsigned int", .size = 4}},
      {be32, wrapper(Kind::typedef_, "__be32", u32)},
      {const_be32, wrapper(Kind::qualifier, "const", be32)},
      {bytes, array(character, 16)},
      {matrix, array(bytes, 2)},
      {inner,
       {.kind = Kind::union_,
        .size = 8,
        .members = {{"b", {be32}, 0, 0}, {"c", {u32}, 3, 5}, {"", {outer}, 0, 0}, {"", {u32}, 8, 3}}}},
      {outer, {.kind = Kind::structure, .size = 8, .members = {{"", {inner}, 0, 0}, {"d", {u32}, 32, 0}}}},
      {fixed_pointer, wrapper(Kind::qualifier, "const", string)},
      {pointer_to_array, pointer(bytes)},
      {function, {.kind = Kind::function}},
      {flexible, array(u32, std::nullopt)},
      {huge, array(matrix, std::uint64_t{1} << 60)},
      {pid_type, {.kind = Kind::enumeration, .name = "pid_type", .size = 4}},
      {pointers, array(string, 4)},
      {pointer_to_self, pointer(pointer_to_self)},
      {callback, pointer(function)},
  };
}

TEST_CASE("a class hides what its bases have of the same name") {
  constexpr std::uint64_t integer = 1, base = 2, empty = 3, middle = 4, derived = 5;
  const Member from_base{"", {base}, 0, 0};
  Types loader({
      {integer, {.kind = Kind::integer, .name = "int", .size = 4}},
      {base, {.kind = Kind::structure, .size = 8, .members = {{"x", {integer}, 0, 0}, {"y", {integer}, 32, 0}}}},
      {empty, {.kind = Kind::structure, .size = 8, .members = {from_base}}},
      {middle, {.kind = Kind::structure, .size = 4, .members = {{"y", {integer}, 0, 0}}}},
      {derived,
       {.kind = Kind::class_,
        .size = 16,
        .members = {{"", {empty}, 0, 0}, {"", {middle}, 64, 0}, {"x", {integer}, 96, 0}}}},
  });
  Table types(loader);
  CHECK(find_member(types, {derived}, "x")->bit_offset == 96);
  CHECK(find_member(types, {derived}, "y")->bit_offset == 64);
  CHECK(find_member(types, {empty}, "y")->bit_offset == 32);
}

}  // namespace

TEST_CASE("a type is loaded once, and void never") {
  Types loader(sample());
  Table types(loader);
  CHECK(types.at(Id{}).kind == Kind::void_);
  CHECK(loader.loads == 0);
  const Type* first = &types.at(Id{u32});
  CHECK(&types.at(Id{u32}) == first);
  CHECK(loader.loads == 1);
}

TEST_CASE("declare writes C") {
  Types loader(sample());
  Table types(loader);
  const std::map<std::uint64_t, std::string> rows{
      {0, "void"},
      {const_char, "const unsigned char"},
      {string, "const unsigned char *"},
      {structure, "struct file"},
      {inner, "union {...}"},
      {const_be32, "const __be32"},
      {bytes, "unsigned char [16]"},
      {matrix, "unsigned char [2][16]"},
      {fixed_pointer, "const unsigned char *const"},
      {pointer_to_array, "unsigned char (*)[16]"},
      {flexible, "unsigned int []"},
      {pid_type, "enum pid_type"},
      {pointers, "const unsigned char *[4]"},
      {callback, "function *"},
      {pointer_to_self, "unknown type"},
      {99, "unknown type"},
  };
  for (const auto& [key, text] : rows) CHECK(declare(types, Id{key}) == text);
}

TEST_CASE("members of anonymous members are members") {
  Types loader(sample());
  Table types(loader);
  CHECK(find_member(types, Id{structure}, "z")->bit_offset == 128);
  CHECK(find_member(types, Id{structure}, "c")->bit_offset == 67);
  CHECK(find_member(types, Id{structure}, "c")->bit_size == 5);
  CHECK(find_member(types, Id{structure}, "d")->bit_offset == 96);
  CHECK_FALSE(find_member(types, Id{structure}, "nope"));
  CHECK_FALSE(find_member(types, Id{u32}, "a"));
  CHECK(member_names(types, Id{structure}) == std::vector<std::string>{"a", "b", "c", "d", "z"});
}

TEST_CASE("sizes multiply out and refuse to overflow") {
  Types loader(sample());
  Table types(loader);
  CHECK(size_of(types, Id{const_be32}) == 4);
  CHECK(size_of(types, Id{matrix}) == 32);
  CHECK(size_of(types, Id{flexible}) == 0);
  CHECK(size_of(types, Id{huge}) == 0);
}

TEST_CASE("typedefs are seen through and remembered") {
  Types loader(sample());
  Table types(loader);
  CHECK(strip(types, Id{const_be32}) == Id{u32});
  CHECK(strip(types, Id{self}) == Id{});
  CHECK(typedef_name(types, Id{const_be32}) == "__be32");
  CHECK(typedef_name(types, Id{u32}).empty());
  CHECK(is_called(types, Id{const_be32}, "__be32"));
  CHECK_FALSE(is_called(types, Id{const_be32}, "__be16"));
  CHECK_FALSE(is_called(types, Id{self}, "__be16"));
}

}  // namespace dtp::type
