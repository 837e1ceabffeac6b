// A format file, as events/GROUP/EVENT/format has it and as perf.data copies it:
//
//   name: hit
//   ID: 2327
//   format:
//           field:unsigned long __probe_ip;  offset:8;   size:8;  signed:0;
//           field:__data_loc char[] s;       offset:24;  size:4;  signed:1;
//           field:u8 mac[];                  offset:34;  size:6;  signed:0;
//           field:__data_loc char[][2] two;  offset:40;  size:8;  signed:1;
//
//   print fmt: "(%lx) s=\"%s\" ...", REC->__probe_ip, __get_str(s), ...
//
// The text is read here and not by libtraceevent, because that (1.7) refuses events with an array of
// strings (the third and fourth form above differ in where the brackets stand) and was not made for files
// from strangers; a test holds the two against each other on the formats of the running kernel. The print
// format tells only what a number means (hex, character, address): it is never executed.
#include "record/format.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/lines.h"
#include "base/number.h"
#include "record/parts.h"
#include "record/print_format.h"

namespace dtp::record {
namespace {

// The largest raw record: perf limits a sample to 64 KiB.
constexpr int max_extent = 0xFFFF;

// Before the name of a display in the recorded type of a field: "dtp_ip4 u32".
constexpr std::string_view display_prefix = "dtp_";

std::string word_of(path::Display display) {
  const std::string_view name = path::name_of(display);
  return name.empty() ? "" : std::string(display_prefix) + std::string(name);
}

// Takes the display word from the front of a type.
path::Display take_display(std::string_view& type) {
  if (!type.starts_with(display_prefix)) return path::Display::none;
  const std::size_t end = type.find(' ');
  if (end == std::string_view::npos) return path::Display::none;
  const path::Display display = path::display_of(type.substr(display_prefix.size(), end - display_prefix.size()));
  if (display != path::Display::none) type.remove_prefix(end + 1);
  return display;
}

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// The value of "offset:24;" and the like within a line.
std::optional<int> number_after(std::string_view line, std::string_view key) {
  const std::size_t at = line.find(key);
  if (at == std::string_view::npos) return std::nullopt;
  line.remove_prefix(at + key.size());
  return base::parse_number<int>(line.substr(0, line.find(';')));
}

bool take_word(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

// Bytes of the C types that stand for array elements in format files; 0: some struct or enum.
int size_of_type(std::string_view type) {
  take_word(type, "const ");
  constexpr std::array<std::pair<std::string_view, int>, 26> sizes{{
      {"char", 1},         {"unsigned char", 1}, {"signed char", 1}, {"u8", 1},    {"s8", 1},
      {"__u8", 1},         {"__s8", 1},          {"bool", 1},        {"short", 2}, {"unsigned short", 2},
      {"u16", 2},          {"s16", 2},           {"__u16", 2},       {"__s16", 2}, {"int", 4},
      {"unsigned int", 4}, {"u32", 4},           {"s32", 4},         {"__u32", 4}, {"__s32", 4},
      {"long", 8},         {"unsigned long", 8}, {"u64", 8},         {"s64", 8},   {"__u64", 8},
      {"__s64", 8},
  }};
  const auto* found = std::ranges::find(sizes, type, &decltype(sizes)::value_type::first);
  return found == sizes.end() ? 0 : found->second;
}

// What a field line says, before it is known what it means.
struct Declaration {
  std::string_view type = {};  // without brackets, locator and display words
  std::string_view name = {};
  bool is_array = false;
  int count = 0;  // of "[16]"; 0: "[]"
  int offset = 0;
  int size = 0;
  bool is_signed = false;
  bool dynamic = false;
  bool relative = false;
  path::Display display = path::Display::none;
};

// Takes "[]", "[16]" or "[][2]" from the end of a type or name.
void take_brackets(std::string_view& text, Declaration& field) {
  while (text.ends_with(']')) {
    const std::size_t open = text.rfind('[');
    if (open == std::string_view::npos) return;
    field.is_array = true;
    field.count =
        std::max(field.count, base::parse_number<int>(text.substr(open + 1, text.size() - open - 2)).value_or(0));
    text = trim(text.substr(0, open));
  }
}

std::optional<Declaration> parse_declaration(std::string_view line) {
  Declaration field;
  const std::size_t begin = line.find("field:");
  const std::size_t end = line.find(';');
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin + 6) return std::nullopt;
  const auto offset = number_after(line, "offset:");
  const auto size = number_after(line, "size:");
  if (!offset || !size || *offset < 0 || *size < 0 || *offset > max_extent || *size > max_extent) return std::nullopt;
  field.offset = *offset;
  field.size = *size;
  field.is_signed = number_after(line, "signed:").value_or(0) != 0;

  std::string_view declared = trim(line.substr(begin + 6, end - begin - 6));
  take_brackets(declared, field);
  const std::size_t space = declared.find_last_of(" \t");
  if (space == std::string_view::npos) return std::nullopt;
  field.name = declared.substr(space + 1);
  field.type = trim(declared.substr(0, space));
  if (take_word(field.type, "__data_loc ")) field.dynamic = true;
  if (take_word(field.type, "__rel_loc ")) field.dynamic = field.relative = true;
  field.display = take_display(field.type);
  // The kernel writes the locator first; our word may stand on either side of it.
  take_brackets(field.type, field);
  return field;
}

// An array of bytes that is one thing to people.
bool is_block(path::Display display, int element_size) {
  using path::Display;
  return element_size == 1 && (display == Display::ip4 || display == Display::ip6 || display == Display::mac);
}

void set_array_kind(FieldSchema& schema, const Declaration& field, bool is_probe) {
  const int by_type = size_of_type(field.type);
  const bool is_char = field.type == "char" || field.type == "const char";
  if (is_char && (!field.dynamic || field.size <= 4)) {
    schema.kind = FieldKind::string;
    return;
  }
  if (is_char) {  // several locators
    schema.kind = FieldKind::array;
    schema.element = FieldKind::string;
    schema.element_size = 4;
    return;
  }
  schema.element_size = by_type;
  if (by_type == 0 && !field.dynamic && field.count > 0 && field.size % field.count == 0) {
    schema.element_size = field.size / field.count;
  }
  const int size = schema.element_size;
  const bool is_number = size == 1 || size == 2 || size == 4 || size == 8;
  // Tracepoints keep addresses and hashes in byte arrays; of a probe the user asked for numbers.
  if (!is_number || is_block(field.display, size) || (size == 1 && !is_probe)) {
    schema.kind = FieldKind::bytes;
    schema.element_size = 1;
    return;
  }
  schema.kind = FieldKind::array;
  schema.element = field.is_signed ? FieldKind::signed_ : FieldKind::unsigned_;
}

FieldSchema to_schema(const Declaration& field, bool is_probe) {
  FieldSchema schema{.name = std::string(field.name), .size = field.size, .offset = field.offset};
  schema.dynamic = field.dynamic;
  schema.relative = field.relative;
  schema.display = field.display;
  schema.c_type = std::string(field.type);
  if (field.is_array) {
    set_array_kind(schema, field, is_probe);
  } else if (field.dynamic || (field.size != 1 && field.size != 2 && field.size != 4 && field.size != 8)) {
    schema.kind = FieldKind::bytes;
    schema.element_size = 1;
  } else if (field.type.ends_with('*')) {
    schema.kind = FieldKind::hex;
  } else {
    const bool is_signed = field.is_signed || path::signed_width(field.display) != 0;
    schema.kind = is_signed ? FieldKind::signed_ : FieldKind::unsigned_;
  }
  return schema;
}

// What the print format adds about one field.
void refine(FieldSchema& field, const Conversion& conversion) {
  FieldKind& kind = field.kind == FieldKind::array ? field.element : field.kind;
  const bool is_number = kind == FieldKind::unsigned_ || kind == FieldKind::signed_ || kind == FieldKind::hex;
  if (path::signed_width(field.display) != 0) return;
  switch (conversion.letter) {
    case 'x':
    case 'X':
    case 'o':
      if (is_number) kind = FieldKind::hex;
      return;
    case 'c':
      if (is_number && (field.kind == FieldKind::array ? field.element_size : field.size) == 1)
        kind = FieldKind::character;
      return;
    case 'p': break;
    default: return;
  }
  if (is_number) kind = FieldKind::hex;
  if (field.kind != FieldKind::bytes || field.display != path::Display::none) return;
  if (conversion.pointer.starts_with("I4") && field.size == 4) field.display = path::Display::ip4;
  if (conversion.pointer.starts_with("I6") && field.size == 16) field.display = path::Display::ip6;
  if (conversion.pointer.starts_with("M") && field.size == 6) field.display = path::Display::mac;
}

void refine_fields(EventSchema& schema, std::string_view print_format) {
  for (const Conversion& conversion : parse_print_format(print_format)) {
    const std::string_view name = shown_field(conversion.argument);
    if (name.empty()) continue;
    const auto field = std::ranges::find(schema.fields, name, &FieldSchema::name);
    if (field != schema.fields.end()) refine(*field, conversion);
  }
}

// Fields that every event or every probe has.
bool take_known_field(EventSchema& schema, const Declaration& field) {
  if (field.name.starts_with("common_")) return true;
  if (!field.name.starts_with("__probe_") || field.size != 8) return false;
  if (field.name == "__probe_ret_ip") {
    schema.return_ip_offset = field.offset;
    schema.is_return = true;
  } else if (field.name == "__probe_ip" || field.name == "__probe_func") {
    schema.ip_offset = field.offset;
    schema.is_probe = true;
  } else {
    return false;
  }
  return true;
}

}  // namespace

Result<EventSchema> parse_format(std::string_view text, std::string_view group) {
  EventSchema schema{.group = std::string(group)};
  std::optional<std::uint16_t> id;
  while (!text.empty()) {
    const std::string_view line = base::take_line(text);
    std::string_view rest = line;
    if (take_word(rest, "name: ")) {
      schema.event = std::string(trim(rest));
    } else if (take_word(rest, "ID: ")) {
      id = base::parse_number<std::uint16_t>(trim(rest));
    } else if (take_word(rest, "print fmt: ")) {
      refine_fields(schema, rest);
    } else if (line.find("field:") != std::string_view::npos) {
      const auto field = parse_declaration(line);
      if (!field) {
        return fail({.what = "the format of event '" + schema.event + "' has a field that cannot be read",
                     .detail = std::string(trim(line))});
      }
      if (!take_known_field(schema, *field)) schema.fields.push_back(to_schema(*field, schema.is_probe));
    }
  }
  if (schema.event.empty() || !id) return fail({.what = "an event format has no name or no number"});
  schema.id = *id;
  fold_parts(schema);
  return schema;
}

std::string annotate_format(std::string_view text, std::span<const FieldDisplay> displays) {
  std::string out;
  while (!text.empty()) {
    const std::string_view line = base::take_line(text);
    const auto field = parse_declaration(line);
    const auto display =
        std::ranges::find_if(displays, [&](const FieldDisplay& wanted) { return field && wanted.name == field->name; });
    const std::string word = display == displays.end() ? "" : word_of(display->display);
    constexpr std::string_view locator = "__data_loc ";
    if (word.empty() || field->display != path::Display::none || field->relative) {
      out += line;
    } else {
      // Other readers know a locator by the first word.
      const std::size_t type = field->dynamic ? line.find(locator) + locator.size() : line.find("field:") + 6;
      out.append(line.substr(0, type)).append(word).append(" ").append(line.substr(type));
    }
    out += '\n';
  }
  return out;
}

}  // namespace dtp::record
