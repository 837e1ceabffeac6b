// BTF, the kernel's compact form of type information, as an index over its bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dtracepp/error.h"
#include "dtracepp/type.h"

namespace dtp::debug::btf {

// The numbers of the format.
enum class Kind : std::uint8_t {
  void_,
  integer,
  pointer,
  array,
  structure,
  union_,
  enumeration,
  forward,
  typedef_,
  volatile_,
  const_,
  restrict_,
  function,
  function_proto,
  variable,
  data_section,
  floating,
  declaration_tag,
  type_tag,
  enumeration64,
};
inline constexpr Kind last_kind = Kind::enumeration64;

// One type record. `name` is an offset into the texts, `size_or_type` is the one or the other by
// kind, `rest` is exactly what this kind has after the twelve common bytes.
struct Record {
  Kind kind = Kind::void_;
  bool flag = false;
  std::uint32_t count = 0;
  std::uint32_t name = 0;
  std::uint32_t size_or_type = 0;
  std::span<const std::byte> rest = {};
};

struct Parameter {
  std::uint32_t name = 0;
  std::uint32_t type = 0;
};

// Looks into bytes that somebody else keeps, and into its base's when it is a module's.
class Blob {
 public:
  // Checks that every record lies within the bytes. `path` is for the error only.
  static Result<Blob> parse(std::span<const std::byte> bytes, const Blob* base, const std::string& path);

  // None: no such type, or void.
  std::optional<Record> at(std::uint64_t id) const;
  // Empty: nameless, or an offset that is not there.
  std::string_view text(std::uint32_t offset) const;

  // The ids of this blob's own functions, without the base's.
  std::span<const std::uint32_t> functions() const { return functions_; }
  std::vector<std::uint32_t> find_functions(std::string_view name) const;

  // "struct file", "pid_t", "unsigned int", as C writes it. Only definitions.
  std::optional<std::uint64_t> find_type(std::string_view c_name) const;
  std::optional<std::int64_t> find_enumerator(std::string_view name) const;

  // The FUNC_PROTO of a FUNC; none when the id is not a function's.
  std::optional<Record> prototype(std::uint64_t function) const;

  type::Type load(std::uint64_t id) const;

 private:
  Result<void> read_sections(std::span<const std::byte> bytes, const std::string& path);
  Result<void> index(const std::string& path);
  bool starts_a_text(std::uint32_t offset) const;
  bool is_named(std::uint32_t offset, std::string_view name) const;
  std::uint64_t text_end() const { return first_text_ + texts_.size(); }
  std::uint64_t id_end() const { return first_id_ + offsets_.size(); }

  const Blob* base_ = nullptr;
  std::span<const std::byte> types_ = {};
  std::string_view texts_ = {};
  std::uint64_t first_id_ = 1;  // of this blob's own types and texts: those before belong to the base
  std::uint64_t first_text_ = 0;
  std::vector<std::uint32_t> offsets_ = {};  // into types_, by id
  std::vector<std::uint32_t> functions_ = {};
  bool tells_enum_sign_ = false;
};

std::vector<Parameter> parameters(const Record& prototype);

}  // namespace dtp::debug::btf
