// BTF as of the kernel's Documentation/bpf/btf.rst, section 2 (the format) and 4 (the ELF section).
//
// A header, a section of type records and a section of texts. A record is twelve bytes and a tail
// whose length its kind tells; a type's id is its place in the sequence, from 1, so one pass over
// the records is needed before the first id means anything. A module's BTF is split: its ids and its
// text offsets go on where those of the kernel's BTF end.
//
// What is strange:
//  - Arrays of several dimensions are flattened by pahole: int a[5][6] is an array of 30. Nothing
//    in the file tells.
//  - Until pahole 1.24 the kind_flag of an enum did not tell its sign; a negative value then does.
//  - A struct's kind_flag says that member offsets carry a bitfield's size in their top eight bits.
#include "debug/btf.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>

#include "base/cursor.h"
#include "type/query.h"

namespace dtp::debug::btf {
namespace {

constexpr std::uint16_t magic = 0xEB9F;
constexpr std::uint16_t magic_swapped = 0x9FEB;
constexpr std::size_t header_bytes = 24;

enum IntegerEncoding : std::uint32_t { is_signed = 1, is_char = 2, is_bool = 4 };

Error broken(const std::string& path, std::string_view why) {
  return {.what = fmt::format("the BTF of '{}' is broken: {}", path, why)};
}

struct RecordHead {
  std::uint32_t name;
  std::uint32_t info;
  std::uint32_t size_or_type;
};

std::uint32_t kind_number(const RecordHead& head) { return (head.info >> 24) & 0x1F; }

std::size_t tail_bytes(Kind kind, std::size_t count) {
  switch (kind) {
    case Kind::integer:
    case Kind::variable:
    case Kind::declaration_tag: return 4;
    case Kind::array: return 12;
    case Kind::structure:
    case Kind::union_:
    case Kind::data_section:
    case Kind::enumeration64: return count * 12;
    case Kind::enumeration:
    case Kind::function_proto: return count * 8;
    case Kind::void_:
    case Kind::pointer:
    case Kind::forward:
    case Kind::typedef_:
    case Kind::volatile_:
    case Kind::const_:
    case Kind::restrict_:
    case Kind::function:
    case Kind::floating:
    case Kind::type_tag: return 0;
  }
  return 0;
}

type::Type integer(const Record& record, std::string_view name) {
  const auto encoding = base::Cursor(record.rest).read<std::uint32_t>() >> 24;
  type::Type type{.kind = type::Kind::integer,
                  .name = std::string(name),
                  .size = record.size_or_type,
                  .is_signed = (encoding & is_signed) != 0};
  if ((encoding & is_bool) != 0 || name == "_Bool") {
    type.kind = type::Kind::boolean;
  } else if ((encoding & is_char) != 0 ||
             (type.size == 1 && (name == "char" || name == "signed char" || name == "unsigned char"))) {
    type.kind = type::Kind::character;  // the encoding alone does not tell: pahole never sets it
  }
  return type;
}

type::Type array(const Record& record) {
  base::Cursor cursor(record.rest);
  type::Type type{.kind = type::Kind::array, .target = {cursor.read<std::uint32_t>()}};
  cursor.skip(4);  // the type of the index
  // int a[] and int a[0] look the same here.
  if (const auto count = cursor.read<std::uint32_t>(); count != 0) type.count = count;
  return type;
}

// const, volatile and restrict go by their names; a type tag (__user, __rcu) says nothing to C.
type::Type qualifier(const Record& record, std::string name) {
  return {.kind = type::Kind::qualifier, .name = std::move(name), .target = {record.size_or_type}};
}

type::Type aggregate(const Blob& blob, const Record& record, type::Kind kind) {
  type::Type type{.kind = kind, .name = std::string(blob.text(record.name)), .size = record.size_or_type};
  type.members.reserve(record.count);
  base::Cursor cursor(record.rest);
  for (std::uint32_t i = 0; i < record.count; ++i) {
    type::Member member{.name = std::string(blob.text(cursor.read<std::uint32_t>())),
                        .type = {cursor.read<std::uint32_t>()}};
    const auto offset = cursor.read<std::uint32_t>();
    member.bit_offset = record.flag ? offset & 0xFFFFFF : offset;
    member.bit_size = record.flag ? offset >> 24 : 0;
    type.members.push_back(std::move(member));
  }
  return type;
}

type::Type enumeration(const Blob& blob, const Record& record, bool tells_sign) {
  type::Type type{.kind = type::Kind::enumeration,
                  .name = std::string(blob.text(record.name)),
                  .size = record.size_or_type,
                  .is_signed = record.flag,
                  .is_declaration = record.count == 0};
  const bool wide = record.kind == Kind::enumeration64;
  base::Cursor cursor(record.rest);
  std::vector<std::uint64_t> values;
  for (std::uint32_t i = 0; i < record.count; ++i) {
    type.enumerators.push_back({.name = std::string(blob.text(cursor.read<std::uint32_t>()))});
    values.push_back(cursor.read<std::uint32_t>());
    if (wide) values.back() |= static_cast<std::uint64_t>(cursor.read<std::uint32_t>()) << 32;
    if (!wide && !tells_sign && values.back() > std::numeric_limits<std::int32_t>::max()) type.is_signed = true;
  }
  for (std::uint32_t i = 0; i < record.count; ++i)
    type.enumerators[i].value =
        type.is_signed && !wide ? static_cast<std::int32_t>(values[i]) : static_cast<std::int64_t>(values[i]);
  return type;
}

}  // namespace

Result<Blob> Blob::parse(std::span<const std::byte> bytes, const Blob* base, const std::string& path) {
  Blob blob;
  blob.base_ = base;
  if (base != nullptr) {
    blob.first_id_ = base->id_end();
    blob.first_text_ = base->text_end();
  }
  DTP_CHECK(blob.read_sections(bytes, path));
  DTP_CHECK(blob.index(path));
  return blob;
}

Result<void> Blob::read_sections(std::span<const std::byte> bytes, const std::string& path) {
  base::Cursor cursor(bytes);
  const auto found_magic = cursor.read<std::uint16_t>();
  const auto version = cursor.read<std::uint8_t>();
  cursor.skip(1);  // flags
  const std::uint64_t length = cursor.read<std::uint32_t>();
  const auto type_offset = cursor.read<std::uint32_t>();
  const auto type_bytes = cursor.read<std::uint32_t>();
  const auto text_offset = cursor.read<std::uint32_t>();
  const auto text_bytes = cursor.read<std::uint32_t>();
  if (found_magic == magic_swapped)
    return fail({.what = fmt::format("the BTF of '{}' is of a big-endian machine", path)});
  if (cursor.failed() || found_magic != magic) return fail({.what = fmt::format("'{}' is not BTF", path)});
  if (version != 1) return fail({.what = fmt::format("the BTF of '{}' has version {}, known is 1", path, version)});

  if (length < header_bytes) return fail(broken(path, "its header is too short"));
  base::Cursor types(bytes, length + type_offset);
  base::Cursor texts(bytes, length + text_offset);
  types_ = types.take(type_bytes);
  const auto raw = texts.take(text_bytes);
  texts_ = {reinterpret_cast<const char*>(raw.data()), raw.size()};
  if (types.failed() || texts.failed()) return fail(broken(path, "it ends early"));
  if (!texts_.empty() && texts_.back() != '\0') return fail(broken(path, "its last text has no end"));
  // Only the texts of a whole BTF begin with the empty one.
  if (base_ == nullptr && !texts_.empty() && texts_.front() != '\0')
    return fail({.what = fmt::format("the BTF of '{}' is a module's and needs the kernel's", path)});
  return {};
}

Result<void> Blob::index(const std::string& path) {
  offsets_.reserve(types_.size() / 24);
  base::Cursor cursor(types_);
  while (cursor.left() > 0) {
    const auto id = static_cast<std::uint32_t>(id_end());
    offsets_.push_back(static_cast<std::uint32_t>(cursor.offset()));
    const auto head = cursor.read<RecordHead>();
    const std::uint32_t number = kind_number(head);
    if (cursor.failed() || number == 0) return fail(broken(path, fmt::format("type {} is not a type", id)));
    if (number > static_cast<std::uint32_t>(last_kind))
      return fail({.what = fmt::format("the BTF of '{}' has types of an unknown kind {}", path, number)});
    const auto kind = static_cast<Kind>(number);
    cursor.skip(tail_bytes(kind, head.info & 0xFFFF));
    if (cursor.failed()) return fail(broken(path, fmt::format("type {} runs past the end", id)));
    if (kind == Kind::enumeration && head.info >> 31 != 0) tells_enum_sign_ = true;
    if (kind != Kind::function) continue;
    functions_.push_back(id);
    // Offsets into another kernel's texts seldom hit the beginning of one.
    if (base_ != nullptr && !starts_a_text(head.name))
      return fail({.what = fmt::format("the BTF of '{}' does not belong to the BTF of the kernel", path)});
  }
  return {};
}

std::optional<Record> Blob::at(std::uint64_t id) const {
  if (id < first_id_) return base_ != nullptr ? base_->at(id) : std::nullopt;
  if (id >= id_end()) return std::nullopt;
  base::Cursor cursor(types_, offsets_[id - first_id_]);
  const auto head = cursor.read<RecordHead>();
  Record record{.kind = static_cast<Kind>(kind_number(head)),
                .flag = head.info >> 31 != 0,
                .count = head.info & 0xFFFF,
                .name = head.name,
                .size_or_type = head.size_or_type};
  record.rest = cursor.take(tail_bytes(record.kind, record.count));
  return record;
}

std::string_view Blob::text(std::uint32_t offset) const {
  if (offset < first_text_) return base_ != nullptr ? base_->text(offset) : std::string_view();
  const std::uint64_t own = offset - first_text_;
  return own < texts_.size() ? std::string_view(texts_.data() + own) : std::string_view();
}

bool Blob::starts_a_text(std::uint32_t offset) const {
  if (offset < first_text_) return base_ != nullptr && base_->starts_a_text(offset);
  const std::uint64_t own = offset - first_text_;
  return own < texts_.size() && (own == 0 || texts_[own - 1] == '\0');
}

bool Blob::is_named(std::uint32_t offset, std::string_view name) const {
  if (offset < first_text_) return base_ != nullptr && base_->is_named(offset, name);
  const std::uint64_t own = offset - first_text_;
  return own < texts_.size() && texts_.size() - own > name.size() && texts_.substr(own, name.size()) == name &&
         texts_[own + name.size()] == '\0';
}

std::vector<std::uint32_t> Blob::find_functions(std::string_view name) const {
  std::vector<std::uint32_t> found;
  for (const std::uint32_t id : functions_)
    if (base::Cursor cursor(types_, offsets_[id - first_id_]); is_named(cursor.read<std::uint32_t>(), name))
      found.push_back(id);
  return found;
}

std::optional<std::uint64_t> Blob::find_type(std::string_view c_name) const {
  const auto [tag, name] = type::split_tag(c_name);
  const auto is_wanted = [&tag](const Record& record) {
    switch (record.kind) {
      case Kind::structure: return tag == "struct";
      case Kind::union_: return tag == "union";
      case Kind::enumeration:
      case Kind::enumeration64: return tag == "enum" && record.count > 0;
      case Kind::integer:
      case Kind::floating:
      case Kind::typedef_: return tag.empty();
      case Kind::void_:
      case Kind::pointer:
      case Kind::array:
      case Kind::forward:
      case Kind::volatile_:
      case Kind::const_:
      case Kind::restrict_:
      case Kind::function:
      case Kind::function_proto:
      case Kind::variable:
      case Kind::data_section:
      case Kind::declaration_tag:
      case Kind::type_tag: return false;
    }
    return false;
  };
  for (std::uint64_t id = first_id_; id < id_end(); ++id)
    if (const auto record = at(id); record && is_wanted(*record) && is_named(record->name, name)) return id;
  return base_ != nullptr ? base_->find_type(c_name) : std::nullopt;
}

std::optional<std::int64_t> Blob::find_enumerator(std::string_view name) const {
  for (std::uint64_t id = first_id_; id < id_end(); ++id) {
    const auto record = at(id);
    if (!record || (record->kind != Kind::enumeration && record->kind != Kind::enumeration64)) continue;
    const std::size_t value_bytes = record->kind == Kind::enumeration ? 4 : 8;
    base::Cursor cursor(record->rest);
    for (std::uint32_t i = 0; i < record->count; ++i, cursor.skip(value_bytes))
      if (is_named(cursor.read<std::uint32_t>(), name))
        return enumeration(*this, *record, tells_enum_sign_).enumerators[i].value;
  }
  return base_ != nullptr ? base_->find_enumerator(name) : std::nullopt;
}

std::optional<Record> Blob::prototype(std::uint64_t function) const {
  const auto record = at(function);
  if (!record || record->kind != Kind::function) return std::nullopt;
  const auto proto = at(record->size_or_type);
  return proto && proto->kind == Kind::function_proto ? proto : std::nullopt;
}

std::vector<Parameter> parameters(const Record& prototype) {
  std::vector<Parameter> all;
  base::Cursor cursor(prototype.rest);
  for (std::uint32_t i = 0; i < prototype.count; ++i)
    all.push_back({.name = cursor.read<std::uint32_t>(), .type = cursor.read<std::uint32_t>()});
  // The last one of printf() has neither name nor type: it stands for "...".
  if (!all.empty() && all.back().name == 0 && all.back().type == 0) all.pop_back();
  return all;
}

type::Type Blob::load(std::uint64_t id) const {
  const auto record = at(id);
  if (!record) return {};
  const auto name = [&] { return std::string(text(record->name)); };
  switch (record->kind) {
    case Kind::integer: return integer(*record, text(record->name));
    case Kind::floating: return {.kind = type::Kind::floating, .name = name(), .size = record->size_or_type};
    case Kind::pointer: return {.kind = type::Kind::pointer, .size = 8, .target = {record->size_or_type}};
    case Kind::array: return array(*record);
    case Kind::structure: return aggregate(*this, *record, type::Kind::structure);
    case Kind::union_: return aggregate(*this, *record, type::Kind::union_);
    case Kind::enumeration:
    case Kind::enumeration64: return enumeration(*this, *record, tells_enum_sign_);
    case Kind::forward:
      return {
          .kind = record->flag ? type::Kind::union_ : type::Kind::structure, .name = name(), .is_declaration = true};
    case Kind::typedef_: return {.kind = type::Kind::typedef_, .name = name(), .target = {record->size_or_type}};
    case Kind::const_: return qualifier(*record, "const");
    case Kind::volatile_: return qualifier(*record, "volatile");
    case Kind::restrict_: return qualifier(*record, "restrict");
    case Kind::type_tag: return qualifier(*record, "");
    case Kind::function_proto: {
      type::Type type{.kind = type::Kind::function, .target = {record->size_or_type}};
      for (const Parameter& parameter : parameters(*record))
        type.parameters.push_back({std::string(text(parameter.name)), {parameter.type}});
      return type;
    }
    case Kind::void_:
    case Kind::function:
    case Kind::variable:
    case Kind::data_section:
    case Kind::declaration_tag: return {};
  }
  return {};
}

}  // namespace dtp::debug::btf
