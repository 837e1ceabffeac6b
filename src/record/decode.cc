// The schema is the plan: offsets, sizes and kinds were settled when the format was read, so an event costs
// one switch a field. Records are reused, so that strings and arrays keep their memory.
#include "record/decode.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string_view>

#include "record/file_path.h"

namespace dtp::record {
namespace {

using Raw = std::span<const std::byte>;

bool is_network_order(path::Display display) {
  using path::Display;
  switch (display) {
    case Display::ip4:
    case Display::ip6:
    case Display::port:
    case Display::be16:
    case Display::be32:
    case Display::be64: return true;
    case Display::none:
    case Display::mac:
    case Display::boolean:
    case Display::path:
    case Display::path_part:
    case Display::text:
    case Display::length:
    case Display::decimal:
    case Display::signed_bits: return false;
  }
  return false;
}

// A number of 1, 2, 4 or 8 bytes that is known to lie within `at`.
std::uint64_t load(const std::byte* at, int size) {
  std::uint64_t number = 0;
  switch (size) {
    case 1: std::memcpy(&number, at, 1); break;
    case 2: std::memcpy(&number, at, 2); break;
    case 4: std::memcpy(&number, at, 4); break;
    default: std::memcpy(&number, at, 8); break;
  }
  return number;
}

std::int64_t extend_sign(std::uint64_t number, int bits) {
  const int unused = 64 - bits;
  return static_cast<std::int64_t>(number << unused) >> unused;
}

// The value's alternative T, kept when it is there already.
template <class T>
T& reuse(value::Value& out) {
  if (auto* kept = std::get_if<T>(&out.of)) return *kept;
  return out.of.template emplace<T>();
}

void set_absent(value::Value& out, std::string_view reason) { reuse<value::Absent>(out).reason.assign(reason); }

void set_number(value::Value& out, const std::byte* at, int size, FieldKind kind, path::Display display) {
  std::uint64_t number = load(at, size);
  if (is_network_order(display))
    number = std::byteswap(number) >> (64 - 8 * size);
  else if (kind == FieldKind::signed_) {
    const int width = path::signed_width(display);
    reuse<std::int64_t>(out) = extend_sign(number, width != 0 ? width : 8 * size);
    return;
  }
  reuse<std::uint64_t>(out) = number;
}

void set_string(value::Value& out, Raw bytes) {
  const auto* text = reinterpret_cast<const char*>(bytes.data());
  const std::string_view string(text, ::strnlen(text, bytes.size()));
  // What the kernel leaves for memory it could not read: this text since 6.7, a length of zero before. A
  // string that was read has at least its NUL.
  if (string == "(fault)") return set_absent(out, "fault");
  reuse<std::string>(out).assign(string);
}

void set_bytes(value::Value& out, Raw bytes) { reuse<value::Bytes>(out).assign(bytes.begin(), bytes.end()); }

// What a locator at `offset` points to; its length includes the NUL of a string.
bool follow_locator(Raw raw, std::size_t offset, bool relative, Raw& target) {
  if (offset + 4 > raw.size()) return false;
  const auto locator = static_cast<std::uint32_t>(load(raw.data() + offset, 4));
  const std::size_t start = (locator & 0xFFFF) + (relative ? offset + 4 : 0);
  const std::size_t length = locator >> 16;
  if (start > raw.size() || length > raw.size() - start) return false;
  target = raw.subspan(start, length);
  return true;
}

void set_dynamic_string(value::Value& out, Raw raw, std::size_t offset, bool relative) {
  Raw target;
  if (!follow_locator(raw, offset, relative, target)) return set_absent(out, "not recorded");
  if (target.empty()) return set_absent(out, "fault");
  set_string(out, target);
}

// How many elements a sequence has, fetched or not. False: that was not recorded.
bool read_length(const FieldSchema& field, Raw raw, std::uint64_t& length) {
  const auto offset = static_cast<std::size_t>(field.parts[0].offset);
  if (offset + 8 > raw.size()) return false;
  length = load(raw.data() + offset, 8);
  return true;
}

void set_array(value::Value& out, const FieldSchema& field, Raw raw) {
  const auto offset = static_cast<std::size_t>(field.offset);
  const auto element_size = static_cast<std::size_t>(field.element_size);
  Raw elements = raw.subspan(offset, static_cast<std::size_t>(field.size));
  if (field.element != FieldKind::string && field.dynamic && !follow_locator(raw, offset, field.relative, elements)) {
    return set_absent(out, "not recorded");
  }
  std::uint64_t length = elements.size();
  if (!field.parts.empty() && !read_length(field, raw, length)) return set_absent(out, "not recorded");
  auto& array = reuse<value::Array>(out);
  array.resize(std::min<std::uint64_t>(elements.size() / element_size, length));
  for (std::size_t i = 0; i < array.size(); ++i) {
    if (field.element == FieldKind::string)
      set_dynamic_string(array[i], raw, offset + i * element_size, field.relative);
    else
      set_number(array[i], elements.data() + i * element_size, field.element_size, field.element, field.display);
  }
}

// The bytes of a text with a length. The kernel leaves zeros for memory that it could not read.
void set_text(value::Value& out, const FieldSchema& field, Raw raw) {
  std::uint64_t length = 0;
  if (!read_length(field, raw, length)) return set_absent(out, "not recorded");
  const Raw bytes =
      raw.subspan(static_cast<std::size_t>(field.offset), std::min(static_cast<std::uint64_t>(field.size), length));
  if (!bytes.empty() && std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; }))
    return set_absent(out, "fault");
  auto& text = reuse<std::string>(out);
  text.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (length > bytes.size()) text += "...";
}

void decode_field(const FieldSchema& field, Raw raw, value::Value& out) {
  const auto offset = static_cast<std::size_t>(field.offset);
  const auto size = static_cast<std::size_t>(field.size);
  if (offset + size > raw.size()) return set_absent(out, "not recorded");
  switch (field.kind) {
    case FieldKind::unsigned_:
    case FieldKind::signed_:
    case FieldKind::hex:
    case FieldKind::character: return set_number(out, raw.data() + offset, field.size, field.kind, field.display);
    case FieldKind::string:
      if (field.display == path::Display::text) return set_text(out, field, raw);
      if (field.dynamic) return set_dynamic_string(out, raw, offset, field.relative);
      return set_string(out, raw.subspan(offset, size));
    case FieldKind::bytes: {
      Raw block = raw.subspan(offset, size);
      if (field.dynamic && !follow_locator(raw, offset, field.relative, block)) return set_absent(out, "not recorded");
      return set_bytes(out, block);
    }
    case FieldKind::array: return set_array(out, field, raw);
  }
}

// A path is rare and long; it does not reuse memory.
void decode_path(const FieldSchema& field, Raw raw, value::Value& out) {
  std::vector<value::Value> names(1 + field.parts.size());
  decode_field(field, raw, names[0]);
  for (std::size_t i = 0; i < field.parts.size(); ++i) decode_field(field.parts[i], raw, names[i + 1]);
  out = join_path(field, names);
}

std::uint64_t load_address(Raw raw, int offset) {
  if (offset < 0 || static_cast<std::size_t>(offset) + 8 > raw.size()) return 0;
  return load(raw.data() + offset, 8);
}

}  // namespace

void decode_raw(const EventSchema& schema, Raw raw, Record& record) {
  record.schema = &schema;
  record.ip = load_address(raw, schema.ip_offset);
  record.return_ip = load_address(raw, schema.return_ip_offset);
  record.values.resize(schema.fields.size());
  for (std::size_t i = 0; i < schema.fields.size(); ++i) {
    const FieldSchema& field = schema.fields[i];
    if (field.display == path::Display::path)
      decode_path(field, raw, record.values[i]);
    else
      decode_field(field, raw, record.values[i]);
  }
}

}  // namespace dtp::record
