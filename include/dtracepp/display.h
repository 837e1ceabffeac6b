// How a person wants to see a value: known from its C type (__be32) or asked for (:ip4).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

namespace dtp::path {

// `path` is the last component of one, and `path_part` the components that belong to the path before them. `text` is
// the bytes of a string that no NUL ends. `length` says how many elements the array or text before it has.
// `signed_bits` plus a width of 1 to 64 is a bitfield with a sign, which the kernel delivers without it.
enum class Display : std::uint8_t {
  none,
  decimal,
  boolean,
  ip4,
  ip6,
  port,
  mac,
  be16,
  be32,
  be64,
  path,
  path_part,
  text,
  length,
  signed_bits = 64
};

constexpr Display signed_bits(int width) {
  return static_cast<Display>(static_cast<int>(Display::signed_bits) + width);
}

// Of a bitfield with a sign; 0: not one.
constexpr int signed_width(Display display) {
  const int width = static_cast<int>(display) - static_cast<int>(Display::signed_bits);
  return width > 0 && width <= 64 ? width : 0;
}

// Their names in expressions, in files and in JSON. `none` has none.
inline constexpr std::array<std::pair<Display, std::string_view>, 13> display_names{{
    {Display::decimal, "decimal"},
    {Display::boolean, "bool"},
    {Display::ip4, "ip4"},
    {Display::ip6, "ip6"},
    {Display::port, "port"},
    {Display::mac, "mac"},
    {Display::be16, "be16"},
    {Display::be32, "be32"},
    {Display::be64, "be64"},
    {Display::path, "path"},
    {Display::path_part, "path_part"},
    {Display::text, "text"},
    {Display::length, "length"},
}};

// "signed1" to "signed64", NUL-terminated.
inline constexpr auto signed_names = [] {
  std::array<std::array<char, 9>, 65> names{};
  for (int width = 1; width <= 64; ++width) {
    auto& name = names[static_cast<std::size_t>(width)];
    std::size_t end = 0;
    for (const char letter : std::string_view("signed")) name[end++] = letter;
    if (width > 9) name[end++] = static_cast<char>('0' + width / 10);
    name[end] = static_cast<char>('0' + width % 10);
  }
  return names;
}();

constexpr std::string_view name_of(Display display) {
  if (const int width = signed_width(display))
    return {signed_names[static_cast<std::size_t>(width)].data(), width > 9 ? 8u : 7u};
  for (const auto& [known, name] : display_names)
    if (known == display) return name;
  return "";
}

// `none` for a name that is not one.
constexpr Display display_of(std::string_view name) {
  for (const auto& [display, known] : display_names)
    if (known == name) return display;
  for (int width = 1; width <= 64; ++width)
    if (name == name_of(signed_bits(width))) return signed_bits(width);
  return Display::none;
}

}  // namespace dtp::path
