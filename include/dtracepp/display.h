// How a person wants to see a value: known from its C type (__be32) or asked for (:ip4).
#pragma once

#include <array>
#include <string_view>
#include <utility>

namespace dtp::path {

// `path` is the last component of one, and `path_part` the components that belong to the path before them.
enum class Display { none, decimal, boolean, ip4, ip6, port, mac, be16, be32, be64, path, path_part };

// Their names in expressions, in files and in JSON. `none` has none.
inline constexpr std::array<std::pair<Display, std::string_view>, 11> display_names{{
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
}};

constexpr std::string_view name_of(Display display) {
  for (const auto& [known, name] : display_names)
    if (known == display) return name;
  return "";
}

// `none` for a name that is not one.
constexpr Display display_of(std::string_view name) {
  for (const auto& [display, known] : display_names)
    if (known == name) return display;
  return Display::none;
}

}  // namespace dtp::path
