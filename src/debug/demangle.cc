// Rust's older scheme borrows that of C++: a path whose last part is a hash, with what C++ has no letters for between
// dollar signs ($LT$ for '<', $u20$ for a blank, ".." for "::"). The newer one begins with _R and is LLVM's to read.
#include "debug/demangle.h"

#include <llvm/Demangle/Demangle.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace dtp::debug {
namespace {

// "::h0123456789abcdef"
constexpr std::size_t hash_size = 19;

bool ends_in_hash(std::string_view name) {
  if (name.size() <= hash_size) return false;
  const std::string_view hash = name.substr(name.size() - hash_size);
  return hash.starts_with("::h") &&
         std::ranges::all_of(hash.substr(3), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// The text of "LT" or "u20"; empty: not an escape.
std::string_view unescape(std::string_view code, std::array<char, 1>& space) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> names{
      {{"LT", "<"}, {"GT", ">"}, {"RF", "&"}, {"BP", "*"}, {"LP", "("}, {"RP", ")"}, {"C", ","}, {"SP", "@"}}};
  for (const auto& [name, text] : names)
    if (name == code) return text;
  unsigned value = 0;
  if (!code.starts_with('u') ||
      std::from_chars(code.data() + 1, code.data() + code.size(), value, 16).ptr != code.data() + code.size() ||
      value < 0x20 || value > 0x7E)
    return {};
  space[0] = static_cast<char>(value);
  return {space.data(), 1};
}

std::string decode_rust(std::string_view name) {
  std::string out;
  while (!name.empty()) {
    std::array<char, 1> space{};
    const bool is_start = out.empty() || out.ends_with("::");
    const std::size_t end = name.front() == '$' ? name.find('$', 1) : std::string_view::npos;
    const std::string_view text =
        end == std::string_view::npos ? std::string_view() : unescape(name.substr(1, end - 1), space);
    if (!text.empty()) {
      out += text;
      name.remove_prefix(end + 1);
    } else if (name.starts_with("..")) {
      out += "::";
      name.remove_prefix(2);
    } else if (is_start && name.starts_with("_$")) {  // a part may not begin with a dollar sign
      name.remove_prefix(1);
    } else {
      out += name.front();
      name.remove_prefix(1);
    }
  }
  return out;
}

}  // namespace

std::string demangle(std::string_view name) {
  if (!name.starts_with("_Z") && !name.starts_with("_R")) return std::string(name);
  std::string plain = llvm::demangle(name);
  if (!name.starts_with("_ZN") || !ends_in_hash(plain)) return plain;
  return decode_rust(std::string_view(plain).substr(0, plain.size() - hash_size));
}

}  // namespace dtp::debug
