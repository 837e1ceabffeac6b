#include "lower/type_spec.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "base/suggest.h"
#include "dtracepp/limits.h"

namespace dtp::lower {
namespace {

using path::Display;
using path::Form;

struct Named {
  std::string_view name;
  TypeSpec spec;
};

constexpr path::Read numeric(Form form, int bits) { return {.form = form, .bits = bits}; }

const std::array<Named, 28> named_types{{
    {"u8", {.read = numeric(Form::unsigned_, 8)}},
    {"u16", {.read = numeric(Form::unsigned_, 16)}},
    {"u32", {.read = numeric(Form::unsigned_, 32)}},
    {"u64", {.read = numeric(Form::unsigned_, 64)}},
    {"s8", {.read = numeric(Form::signed_, 8)}},
    {"s16", {.read = numeric(Form::signed_, 16)}},
    {"s32", {.read = numeric(Form::signed_, 32)}},
    {"s64", {.read = numeric(Form::signed_, 64)}},
    {"x8", {.read = numeric(Form::hex, 8)}},
    {"x16", {.read = numeric(Form::hex, 16)}},
    {"x32", {.read = numeric(Form::hex, 32)}},
    {"x64", {.read = numeric(Form::hex, 64)}},
    {"u", {.read = numeric(Form::unsigned_, 64), .size_from_type = true}},
    {"s", {.read = numeric(Form::signed_, 64), .size_from_type = true}},
    {"x", {.read = numeric(Form::hex, 64), .size_from_type = true}},
    {"char", {.read = numeric(Form::character, 8)}},
    {"string", {.read = {.form = Form::string}}},
    {"ustring", {.read = {.form = Form::ustring}}},
    {"symbol", {.read = {.form = Form::symbol}}},
    {"symstr", {.read = {.form = Form::symstr}}},
    {"%pd", {.read = {.form = Form::dentry_name}}},
    {"%pD", {.read = {.form = Form::file_name}}},
    {"path", {.read = {.form = Form::string}, .display = Display::path}},
    {"ip4", {.read = numeric(Form::hex, 32), .display = Display::ip4}},
    {"ip6", {.read = {.form = Form::hex, .bits = 8, .count = 16}, .display = Display::ip6}},
    {"port", {.read = numeric(Form::hex, 16), .display = Display::port}},
    {"mac", {.read = {.form = Form::hex, .bits = 8, .count = 6}, .display = Display::mac}},
    {"bool", {.read = numeric(Form::hex, 8), .display = Display::boolean}},
}};

std::optional<int> take_number(std::string_view& text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || value < 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

Error unknown(std::string_view text) {
  std::vector<std::string_view> names;
  for (const Named& named : named_types) names.push_back(named.name);
  const std::string near = base::did_you_mean(base::nearest(text, names));
  return {.what = "there is no type '" + std::string(text) + "'",
          .hint = near.empty() ? "types are u8..u64, s8..s64, x8..x64, string, ustring, symbol, bWIDTH@OFFSET/BITS, "
                                 "path, ip4, ip6, port, mac"
                               : near,
          .status = Status::wrong_request};
}

// [N] at the end of `text`, and nothing behind it.
Result<int> parse_count(std::string_view text, std::size_t bracket) {
  const auto wrong = [&](std::string what, std::size_t begin, std::size_t end) {
    return fail({.what = std::move(what),
                 .where = Where{"type", std::string(text), {begin, end}},
                 .hint = "an array is TYPE[N]",
                 .status = Status::wrong_request});
  };
  const std::size_t begin = bracket + 1;
  const std::size_t end = text.find(']', begin);
  if (end == std::string_view::npos) return wrong("']' is missing", text.size(), text.size());
  std::string_view number = text.substr(begin, end - begin);
  const auto count = take_number(number);
  if (!count || !number.empty())
    return wrong(fmt::format("'{}' is not a number", text.substr(begin, end - begin)), begin, end);
  if (*count < 1 || *count > limits::longest_array)
    return wrong(fmt::format("an array has 1 to {} elements", limits::longest_array), begin, end);
  if (end + 1 != text.size()) return wrong("nothing can follow ']'", end + 1, text.size());
  return *count;
}

Result<TypeSpec> parse_bitfield(std::string_view text) {
  std::string_view rest = text.substr(1);
  const auto width = take_number(rest);
  const bool has_offset = width && take(rest, '@');
  const auto offset = has_offset ? take_number(rest) : std::nullopt;
  const bool has_bits = offset && take(rest, '/');
  const auto bits = has_bits ? take_number(rest) : std::nullopt;
  if (!bits || !rest.empty()) return fail(unknown(text));
  const bool is_word = *bits == 8 || *bits == 16 || *bits == 32 || *bits == 64;
  if (!is_word || *width == 0 || *width > *bits || *offset + *width > *bits)
    return fail({.what = "the bits of '" + std::string(text) + "' do not lie in one word",
                 .hint = "bWIDTH@OFFSET/BITS counts OFFSET from the least significant bit of 8, 16, 32 or 64",
                 .status = Status::wrong_request});
  return TypeSpec{
      .read = {.form = Form::bitfield, .bits = *bits, .bitfield_width = *width, .bitfield_offset = *offset}};
}

}  // namespace

Result<TypeSpec> parse_type_spec(std::string_view text) {
  std::string_view name = text;
  std::optional<int> count;
  if (const std::size_t bracket = text.find('['); bracket != std::string_view::npos) {
    DTP_TRY(count, parse_count(text, bracket));
    name = text.substr(0, bracket);
  }
  TypeSpec spec;
  if (name.starts_with('b') && name.find('@') != std::string_view::npos) {
    DTP_TRY(spec, parse_bitfield(name));
  } else {
    const Named* found = nullptr;
    for (const Named& named : named_types)
      if (named.name == name) found = &named;
    if (found == nullptr) return fail(unknown(name));
    spec = found->spec;
  }
  if (count && spec.display != Display::none)
    return fail({.what = "'" + std::string(name) + "' cannot be an array", .status = Status::wrong_request});
  if (count) spec.read.count = count;
  return spec;
}

}  // namespace dtp::lower
