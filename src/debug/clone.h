// Names that compilers make of a function's: clones ("f.isra.0", "f.constprop.1", "f.llvm.123") and parts ("f.cold",
// "f.part.0"); and symbols that are no functions of the source.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace dtp::debug {

// "f" of "f.isra.0.cold": the name that the source has. Names of other languages with dots in them stay.
inline std::string_view without_clone_suffix(std::string_view name) {
  constexpr std::array<std::string_view, 6> numbered{".isra", ".constprop", ".part", ".cold", ".lto_priv", ".llvm"};
  for (bool again = true; again;) {
    again = false;
    std::string_view stem = name;
    const std::size_t last = stem.find_last_not_of("0123456789");
    if (last == std::string_view::npos) return name;
    if (stem[last] == '.') stem = stem.substr(0, last);
    for (const std::string_view suffix : numbered) {
      if (!stem.ends_with(suffix) || stem.size() == suffix.size()) continue;
      if (stem.size() == name.size() && suffix != ".cold") continue;  // only this one may lack a number
      name = stem.substr(0, stem.size() - suffix.size());
      again = true;
      break;
    }
  }
  return name;
}

// Parts that are never called by themselves, and what linkers and the kernel's build put between functions.
inline bool is_fragment(std::string_view name) {
  const std::size_t cold = name.rfind(".cold");
  const bool is_cold = cold != std::string_view::npos && cold > 0 &&
                       (cold + 5 == name.size() ||
                        (name[cold + 5] == '.' && name.find_first_not_of("0123456789", cold + 6) == name.npos));
  constexpr std::array<std::string_view, 4> prefixes{"__pfx_", "__cfi_", "__SCT__", "__SCK__"};
  return is_cold || std::ranges::any_of(prefixes, [&](std::string_view prefix) { return name.starts_with(prefix); });
}

}  // namespace dtp::debug
